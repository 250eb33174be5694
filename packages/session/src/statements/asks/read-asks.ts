import type { AskRecord } from '../../ask-records.js'
import { parseAsks } from '../../asks/ask-column.js'
import { SessionError } from '../../errors.js'
import type { RowId, TurnStatus } from '../../records.js'
import type { Tables } from '../../tables.js'
import { query } from '../query.js'
import { rowKey, unlessImpossible } from '../row-key.js'
import { toNumber, toNumberOrNull, toTurnStatus } from '../row-values.js'

/** The asks of a turn, and whose the turn is. */
export interface AsksRow {
  readonly asks: readonly AskRecord[]
  /** Counts the changes of `asks`. */
  readonly revision: number
  readonly status: TurnStatus
  readonly settledAt: number | null
  /** Number of the claim under which the turn runs. */
  readonly fence: number
  /** Number of the conversation's newest claim. */
  readonly newestFence: number
}

/** Null when there is no such turn. */
export async function readAsks(tables: Tables, turnId: RowId): Promise<AsksRow | null> {
  const { conversations, messages } = tables
  const c = conversations.columns
  const m = messages.columns
  const reading = query<Record<string, unknown> | undefined>(
    tables,
    `read the asks of turn ${turnId}`,
    (knex) =>
      knex(`${messages.table} as m`)
        .leftJoin(`${conversations.table} as c`, `c.${c.id}`, `m.${m.conversationId}`)
        .where(rowKey(knex, `m.${m.id}`, turnId))
        .whereNotNull(`m.${m.status}`)
        .first({
          asks: `m.${m.asks}`,
          revision: `m.${m.asksRevision}`,
          status: `m.${m.status}`,
          settled: `m.${m.settledAt}`,
          fence: `m.${m.turnFence}`,
          newest: `c.${c.turnFence}`,
        }),
    { isRepeatable: true },
  )
  const row = await unlessImpossible(reading, undefined)
  if (row === undefined) return null
  return {
    asks: toAsks(row['asks'], turnId),
    revision: toNumber(row['revision']),
    status: toTurnStatus(row['status'], turnId),
    settledAt: toNumberOrNull(row['settled']),
    fence: toNumber(row['fence']),
    newestFence: toNumber(row['newest']),
  }
}

/** What can be read of them no more is written anew; only a newer version's must not be overwritten. */
function toAsks(value: unknown, turnId: RowId): readonly AskRecord[] {
  const asks = parseAsks(value)
  if (asks !== 'newer') return asks ?? []
  throw new SessionError(
    'malformed_row',
    `The asks of message ${turnId} were written by a newer version of this package. Update this process.`,
  )
}
