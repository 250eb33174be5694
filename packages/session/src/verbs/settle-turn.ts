import { SessionError } from '../errors.js'
import type { Lease, PartialReply, Settlement } from '../records.js'
import {
  endFields,
  priceFields,
  snapshotFields,
  textFields,
  toText,
  wordFields,
} from '../statements/row-values.js'
import { ended } from '../events/tell.js'
import type { Happening } from '../events/tell.js'
import { isWritten, writeTurn } from '../statements/write-turn.js'
import type { MessageColumns, Tables } from '../tables.js'

type Fields = Readonly<Record<string, unknown>>

const keptWords = 500
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
  const end = endFields(columns, settlement, tables.clock.now())
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
    happenings: [ended(lease, { status, reason: settlement.reason, at: tables.clock.now() })],
    attempts: [
      ...wholeReply(columns, settlement, { ...text, ...price, ...words, ...end }),
      { ...text, ...price, ...because('reply_not_stored'), ...end, [columns.reply]: null },
      { ...price, ...plain(because('text_not_stored')), ...end },
      // The host's own types and checks may refuse anything.
      { [columns.reason]: 'text_not_stored', ...end },
    ],
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
    attempts: [
      ...wholeReply(columns, partial, { ...text, ...price }),
      { ...text, ...price, ...because('reply_not_stored'), [columns.reply]: null },
      { ...price, ...because('text_not_stored') },
      because('text_not_stored'),
    ],
  })
}

/** The first of the attempts that the database does not refuse. What may pass is for the caller to repeat. */
async function writeWhatFits(
  tables: Tables,
  lease: Lease,
  write: {
    readonly what: string
    readonly from: 'running' | 'cancelled'
    readonly happenings?: readonly Happening[]
    readonly attempts: readonly Fields[]
  },
): Promise<boolean> {
  let refusal: unknown
  for (const set of write.attempts) {
    for (let count = 1; ; count += 1) {
      try {
        return await writeTurn(tables, lease, { ...write, set })
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

/** None for a reply that is no JSON, or more than a string holds. */
function wholeReply(columns: MessageColumns, partial: PartialReply, rest: Fields): Fields[] {
  try {
    return [{ ...snapshotFields(columns, partial), ...rest }]
  } catch {
    return []
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
