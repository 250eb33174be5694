import { createHash } from 'node:crypto'
import type { Knex } from 'knex'
import type { RowId, TurnStatus } from '../records.js'

/** What happened to a turn, as an outbox tells it. */
export interface Happening {
  readonly type: 'turn.ended' | 'turn.asked' | 'turn.waiting'
  readonly turnId: RowId
  /** Or how to find it on the same connection, where only the row knows it. */
  readonly conversationId: RowId | ((knex: Knex) => Knex.QueryBuilder)
  readonly at: number
  readonly status: TurnStatus | null
  readonly reason: string | null
  readonly askId: string | null
  /** The fence of the claim that wrote it; a word of its own for the call of one who has none. */
  readonly by: number | string
}

/** A turn is over. */
export function ended(
  { turnId, conversationId, by }: Pick<Happening, 'turnId' | 'conversationId' | 'by'>,
  end: Pick<Happening, 'status' | 'reason' | 'at'>,
): Happening {
  return { type: 'turn.ended', turnId, conversationId, by, askId: null, ...end }
}

/** Writes on the connection of the write that makes it happen. */
type Also = (knex: Knex, connection: unknown) => Promise<void>

/** A write that also puts into the outbox what it makes happen; as it is where there is no outbox. */
export function telling(
  { outbox }: { readonly outbox: string | null },
  happenings: readonly Happening[],
): { readonly also?: Also } {
  if (outbox === null || happenings.length === 0) return {}
  return {
    async also(knex, connection) {
      for (const happening of happenings) {
        await tell(knex, outbox, happening).connection(connection)
      }
    },
  }
}

/** Written once, however often it happens again by a write that is repeated. */
export function tell(knex: Knex, table: string, happening: Happening): Knex.QueryBuilder {
  const { type, turnId, conversationId, at, status, reason, askId } = happening
  return knex(table)
    .insert({
      id: eventId(happening),
      type,
      turn_id: String(turnId),
      conversation_id:
        typeof conversationId === 'function' ? conversationId(knex) : String(conversationId),
      at,
      status,
      reason: reason?.replaceAll('\0', '\uFFFD') ?? null,
      ask_id: storedAskId(askId),
      attempts: 0,
      due_at: at,
    })
    .onConflict('id')
    .ignore()
}

const idLength = 40
const longestAskId = 255

/** An id that a server made too long for the column, or that no database stores, is in the turn's row alone. */
function storedAskId(askId: string | null): string | null {
  const isStorable = askId !== null && askId.length <= longestAskId && !askId.includes('\0')
  return isStorable ? askId : null
}

/**
 * Each ask is opened once. A turn may wait more than once, and a host may put one that is over back to `pending`: then it ends
 * again, by another claim or call.
 */
function eventId({ type, turnId, askId, at, by }: Happening): string {
  const when = type === 'turn.asked' ? [] : [at, by]
  const what = [type, String(turnId), askId ?? '', ...when]
  const hash = createHash('sha256').update(JSON.stringify(what)).digest('hex')
  return `evt_${hash.slice(0, idLength)}`
}
