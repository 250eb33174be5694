import { SessionError } from '../errors.js'
import type { Lease, PartialReply, Settlement } from '../records.js'
import {
  endFields,
  priceFields,
  textFields,
  toReplyText,
  toText,
  wordFields,
} from '../statements/row-values.js'
import { ended } from '../events/tell.js'
import type { Happening } from '../events/tell.js'
import { isWritten, writeTurn } from '../statements/write-turn.js'
import type { Tables } from '../tables.js'
import { shortenJson } from '../values/shorten-json.js'

type Fields = Readonly<Record<string, unknown>>

const keptWords = 500
/** How much of a reply that was refused is tried: the database does not say how much it takes. */
const cutShares = [0.5, 0.2, 0.05, 0.01] as const
const leastReplyBytes = 16 * 1024
/** Of a reply that is more than a string holds; half of this is a string that databases may take. */
const longestTextBytes = 64 * 1024 * 1024
const maxHangUps = 4
const pauseMs = 20

/**
 * The terminal write. What the agent wrote may be more than the database takes, and a turn that could not be ended because of it
 * would be the worst outcome: then it is written again with less, and the reason says so.
 *
 * @internal
 */
export async function settleTurn(
  tables: Tables,
  lease: Lease,
  settlement: Settlement,
): Promise<boolean> {
  const { columns } = tables.messages
  const { status } = settlement
  const settledAt = tables.clock.now()
  const end = endFields(columns, settlement, settledAt)
  const words = wordFields(columns, settlement)
  const price = priceFields(columns, settlement)
  const text = textFields(columns, settlement)
  const because = (reason: string): Fields => ({
    ...words,
    [columns.reason]: toText(settlement.reason) ?? reason,
  })
  const isSettled = await writeWhatFits(tables, lease, {
    what: 'store the end',
    from: 'running',
    // As the row says it, which may be that the reply was cut.
    happening: (set) => {
      const reason = (set[columns.reason] ?? null) as string | null
      return ended({ ...lease, by: lease.fence }, { status, reason, at: settledAt })
    },
    attempts: attemptsOf(toStoredReply(settlement.reply), {
      reply: (reply, reason) => ({
        [columns.reply]: reply,
        ...text,
        ...price,
        ...(reason === null ? words : because(reason)),
        ...end,
      }),
      rest: [
        { ...price, ...plain(because('text_not_stored')), ...end },
        // The host's own types and checks may refuse anything.
        { [columns.reason]: 'text_not_stored', ...end },
      ],
    }),
  })
  if (isSettled) return true
  // The user's cancel came first, or our own answer was lost: what there is belongs to the row either way.
  if (status === 'cancelled') return keepPartial(tables, lease, settlement)
  return isWritten(tables, lease, status)
}

/** @internal The second half of an end that another one wrote. */
export async function keepPartial(
  tables: Tables,
  lease: Lease,
  partial: PartialReply,
): Promise<boolean> {
  const { columns } = tables.messages
  const knex = tables.knex()
  const price = priceFields(columns, partial)
  const text = textFields(columns, partial)
  const because = (reason: string): Fields => ({
    [columns.reason]: knex.raw('coalesce(??, ?)', [columns.reason, reason]),
  })
  return writeWhatFits(tables, lease, {
    what: 'store the partial reply',
    from: 'cancelled',
    attempts: attemptsOf(toStoredReply(partial.reply), {
      reply: (reply, reason) => ({
        [columns.reply]: reply,
        ...text,
        ...price,
        ...(reason === null ? {} : because(reason)),
      }),
      rest: [{ ...price, ...because('text_not_stored') }, because('text_not_stored')],
    }),
  })
}

/** The first of the attempts that the database does not refuse. What may pass is for the caller to repeat. */
async function writeWhatFits(
  tables: Tables,
  lease: Lease,
  write: {
    readonly what: string
    readonly from: 'running' | 'cancelled'
    readonly happening?: (set: Fields) => Happening
    readonly attempts: Iterable<Fields>
  },
): Promise<boolean> {
  const { happening } = write
  let refusal: unknown
  for (const set of write.attempts) {
    const happenings = happening === undefined ? [] : [happening(set)]
    for (let count = 1; ; count += 1) {
      try {
        return await writeTurn(tables, lease, { ...write, happenings, set })
      } catch (error) {
        if (!SessionError.is(error)) throw error
        if (!error.retryable) {
          refusal = error
          break
        }
        // A server that refuses may hang up too, and the pool gives that connection out once more.
        if (refusal === undefined || count === maxHangUps) throw error
        await tables.clock.sleep(pauseMs * count)
      }
    }
  }
  throw refusal
}

/** A reply as it was when the verb was called. */
interface StoredReply {
  /** Its JSON; undefined for what is no JSON, or more than a string holds. */
  readonly json: string | null | undefined
  /** The reply itself, for what can be done with less of it. */
  readonly value: () => unknown
}

function toStoredReply(reply: unknown): StoredReply {
  try {
    const json = toReplyText(reply)
    return { json, value: () => (json === null ? null : JSON.parse(json)) }
  } catch (error) {
    // What is more than a string holds may fit when it is shortened; what is no JSON does not become any.
    const isTooLong = error instanceof RangeError
    const value = (): unknown => (hasToJson(reply) ? reply.toJSON() : reply)
    return { json: undefined, value: isTooLong ? value : () => null }
  }
}

function hasToJson(value: unknown): value is { toJSON(): unknown } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'toJSON' in value &&
    typeof value.toJSON === 'function'
  )
}

/** The whole reply, then as much of it as may fit, then none: made one after the other, since the first nearly always does. */
function* attemptsOf(
  stored: StoredReply,
  {
    reply,
    rest,
  }: {
    readonly reply: (json: string | null, reason: string | null) => Fields
    readonly rest: readonly Fields[]
  },
): Generator<Fields> {
  if (stored.json !== undefined) yield reply(stored.json, null)
  for (const cut of shorterOnes(stored)) yield reply(cut, 'reply_cut')
  yield reply(null, 'reply_not_stored')
  yield* rest
}

function* shorterOnes({ json, value: read }: StoredReply): Generator<string> {
  const bytes = json === undefined ? longestTextBytes : Buffer.byteLength(json ?? '')
  if (bytes * cutShares[0] < leastReplyBytes) return
  const value = read()
  if (value === null) return
  for (const share of cutShares) {
    const most = Math.floor(bytes * share)
    if (most < leastReplyBytes) return
    const cut = shortenJson(value, most)
    if (cut !== null) yield cut
  }
}

/** Short, and of characters that every character set has. */
function plain(words: Fields): Fields {
  return Object.fromEntries(
    Object.entries(words).map(([column, value]) => [
      column,
      typeof value === 'string' ? value.slice(0, keptWords).replaceAll(/[^ -~]/g, '?') : value,
    ]),
  )
}
