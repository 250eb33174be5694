import { createHash } from 'node:crypto'
import type { Knex } from 'knex'
import type { RowId, TurnStatus } from '../records.js'

/** What happened to a turn, as an outbox tells it. */
export interface Happening {
  readonly type:
    | 'turn.ended'
    | 'turn.asked'
    | 'turn.waiting'
    | 'turn.answered'
    | 'turn.reminder'
    | 'turn.expired'
  readonly turnId: RowId
  /** Or how to find it on the same connection, where only the row knows it. */
  readonly conversationId: RowId | ((knex: Knex) => Knex.QueryBuilder)
  /** When it happens: one that is yet to come is told then. */
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

/** A turn that waits for a person, under the fence of the claim that has parked it. */
export interface Parked {
  readonly turnId: RowId
  readonly fence: number
}

/** What is told of a parked turn later, unless something comes before. */
const later = ['turn.reminder', 'turn.expired'] as const

/** Takes out what was to be told of a parked turn. */
function withdraw(knex: Knex, table: string, { turnId, fence }: Parked): Knex.QueryBuilder {
  const ids = later.map((type) => eventId({ type, turnId, askId: null, at: 0, by: fence }))
  return knex(table).whereIn('id', ids).whereNull('delivered_at').delete()
}

/**
 * A write that also puts into the outbox what it makes happen, and takes out what it makes untrue; as it is where there is no outbox.
 */
export function telling(
  { outbox }: { readonly outbox: string | null },
  happenings: readonly Happening[],
  unsaid: ((knex: Knex, connection: unknown) => Promise<Parked | null>) | Parked | null = null,
): { readonly also?: Also } {
  if (outbox === null || (happenings.length === 0 && unsaid === null)) return {}
  return {
    async also(knex, connection) {
      const parked = typeof unsaid === 'function' ? await unsaid(knex, connection) : unsaid
      if (parked !== null) await withdraw(knex, outbox, parked).connection(connection)
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
 * Each ask is opened once, and answered once. A claim parks its turn once. A turn may wait more than once, and a host may put one that
 * is over back to `pending`: then it ends again, by another claim or call.
 */
function eventId({
  type,
  turnId,
  askId,
  at,
  by,
}: Pick<Happening, 'type' | 'turnId' | 'askId' | 'at' | 'by'>): string {
  const isOfAsk = type === 'turn.asked' || type === 'turn.answered'
  const isOfClaim = type === 'turn.reminder' || type === 'turn.expired'
  const when = isOfAsk ? [] : isOfClaim ? [by] : [at, by]
  const what = [type, String(turnId), askId ?? '', ...when]
  const hash = createHash('sha256').update(JSON.stringify(what)).digest('hex')
  return `evt_${hash.slice(0, idLength)}`
}
