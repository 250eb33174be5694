import { createHash } from 'node:crypto'
import type { Knex } from 'knex'
import type { RowId, TurnStatus } from '../records.js'
import type { OutboxEventType } from './events.js'

/** @internal What happened, before it has an id. */
export interface Happening {
  readonly type: OutboxEventType
  readonly turnId: RowId
  readonly conversationId: RowId
  readonly at: number
  readonly status: TurnStatus | null
  readonly reason: string | null
  readonly askId: string | null
}

/** @internal Writes it where it is not written yet; run on the connection whose transaction writes what happened. */
export async function writeEvent(knex: Knex, table: string, happening: Happening): Promise<void> {
  const { type, turnId, conversationId, at, status, reason, askId } = happening
  await knex(table)
    .insert({
      id: eventId(happening),
      type,
      turn_id: String(turnId),
      conversation_id: String(conversationId),
      at,
      status,
      reason,
      ask_id: askId,
      attempts: 0,
      due_at: at,
    })
    .onConflict('id')
    .ignore()
}

const idLength = 40

/** A turn ends once and each ask is opened once; it may wait more than once. */
function eventId({ type, turnId, askId, at }: Happening): string {
  const what = [type, String(turnId), askId ?? '', type === 'turn.waiting' ? at : 0]
  const hash = createHash('sha256').update(JSON.stringify(what)).digest('hex')
  return `evt_${hash.slice(0, idLength)}`
}
