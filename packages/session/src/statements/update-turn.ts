import type { Knex } from 'knex'
import { SessionError } from '../errors.js'
import type { Lease, TurnStatus } from '../records.js'
import type { Tables } from '../tables.js'
import { telling } from '../events/tell.js'
import type { Happening } from '../events/tell.js'
import { plainJson } from '../database/json-text.js'
import { guardedUpdate } from './query.js'
import { rowKey } from './row-key.js'

/** One write to a turn's row. */
export interface TurnUpdate {
  /** For the error: what the database could not do. */
  readonly what: string
  /** Out of which states. */
  readonly from: readonly TurnStatus[]
  /** More conditions on the row. */
  readonly where?: (row: Knex.QueryBuilder) => void
  /** The same a second time, and true again; see `QueryOptions`. Default: false. */
  readonly isRepeatable?: boolean
  /** What is to be told of it, if there is an outbox. */
  readonly happenings?: readonly Happening[]
  /** Raw values may read the row as it was. */
  readonly set: Readonly<Record<string, unknown>>
}

/**
 * Writes the row of a lease's turn, if the conversation is still claimed by this lease and the update's own conditions
 * hold. The revision changes with every write, so that the count of rows says what matched also on connections that
 * count only rows that changed.
 */
export async function updateTurn(
  tables: Tables,
  lease: Lease,
  update: TurnUpdate,
): Promise<boolean> {
  return updateRow(tables, lease, { ...update, isClaimed: true })
}

/** Says whether the row is in this state under this lease, by a write as well: a read may see an older row. */
export async function confirmTurn(
  tables: Tables,
  lease: Lease,
  confirm: Pick<TurnUpdate, 'what' | 'from' | 'where'>,
): Promise<boolean> {
  return updateRow(tables, lease, { ...confirm, set: {}, isClaimed: false, isRepeatable: true })
}

async function updateRow(
  tables: Tables,
  lease: Lease,
  update: TurnUpdate & { readonly isClaimed: boolean },
): Promise<boolean> {
  const { turnId } = lease
  // From a caller without types.
  if ((turnId as unknown) === null) {
    throw new TypeError('This lease is on a conversation without a turn: `adopt` one of its turns.')
  }
  const { isRepeatable = false, happenings = [] } = update
  const write = (set: TurnUpdate['set']): Promise<boolean> => {
    const build = (knex: Knex): Knex.QueryBuilder =>
      buildUpdate(tables, knex, lease, { ...update, set })
    return guardedUpdate(tables, `${update.what} of turn ${turnId}`, build, {
      isRepeatable,
      ...telling(tables, happenings),
    })
  }
  try {
    return await write(update.set)
  } catch (error) {
    // A host may have given a column a JSON type, which refuses what an agent can write.
    const plain = withPlainJson(tables, update.set)
    if (plain === null || !SessionError.is(error) || error.retryable) throw error
    return write(plain)
  }
}

/** The write of an update. */
export function buildUpdate(
  tables: Tables,
  knex: Knex,
  lease: Lease,
  update: TurnUpdate & { readonly isClaimed: boolean },
): Knex.QueryBuilder {
  const { table, columns } = tables.messages
  const row = knex(table)
    .where(rowKey(knex, columns.id, lease.turnId))
    .whereIn(columns.status, update.from)
  update.where?.(row)
  if (update.isClaimed) row.whereExists(stillClaimed(tables, knex, lease))
  return row.update({
    ...update.set,
    [columns.turnRevision]: knex.raw('?? + 1', [columns.turnRevision]),
  })
}

/** Null when that would be the same. */
function withPlainJson({ messages }: Tables, set: TurnUpdate['set']): TurnUpdate['set'] | null {
  const { reply, asks } = messages.columns
  const plain = Object.fromEntries(
    [reply, asks].flatMap((name) => {
      const json = set[name]
      return typeof json === 'string' ? [[name, plainJson(json)] as const] : []
    }),
  )
  const isSame = Object.entries(plain).every(([name, json]) => json === set[name])
  return isSame ? null : { ...set, ...plain }
}

/**
 * The conversation's half of the fence. A worker that was paused while *another* message of its conversation was
 * claimed finds its own message's fence unchanged; this is what stops it.
 */
function stillClaimed({ conversations }: Tables, knex: Knex, lease: Lease): Knex.QueryBuilder {
  const { table, columns } = conversations
  return knex
    .select(knex.raw('1'))
    .from(table)
    .where(rowKey(knex, columns.id, lease.conversationId))
    .where(columns.turnFence, lease.fence)
}
