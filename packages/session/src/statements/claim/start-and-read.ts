import { fromTemplate } from '../../database/template.js'
import type { Knex } from 'knex'
import type { Lease, TurnRecord } from '../../records.js'
import type { Tables } from '../../tables.js'
import { buildLeftovers, leftoverFields, maxLeftovers, toLeftovers } from '../find-leftovers.js'
import { query } from '../query.js'
import { toTurnRecord } from '../row-values.js'
import { startUpdate } from '../start-turn.js'
import type { Starting } from '../start-turn.js'
import { buildUpdate } from '../update-turn.js'

/** A turn that was started, as its row is then, and what else was left in its conversation. */
export interface Begun {
  readonly turn: TurnRecord
  readonly leftovers: readonly TurnRecord[]
}

/**
 * Starts a turn under a lease that was just taken, and gives its row and the conversation's leftovers, by one statement of
 * PostgreSQL. Null when the turn ended or the lease was lost meanwhile.
 */
export async function startAndRead(
  tables: Tables,
  lease: Lease,
  starting: Starting,
): Promise<Begun | null> {
  const values = {
    conversationId: String(lease.conversationId),
    turnId: String(lease.turnId),
    fence: lease.fence,
    ...starting,
  }
  const { rows } = await query<Rows>(
    tables,
    `start the run of turn ${lease.turnId}`,
    (knex) =>
      fromTemplate(knex, { owner: tables, name: 'start' }, values, (places) =>
        buildStart(tables, knex, { ...lease, ...places }, places),
      ) as unknown as Building,
  )
  const begun = rows.find(({ leftover }) => leftover !== true)
  if (begun === undefined) return null
  const own = String(begun['turntext'])
  const others = rows.filter((row) => row !== begun && String(row['turntext']) !== own)
  return { turn: toTurnRecord(lease.turnId, begun), leftovers: toLeftovers(others) }
}

function buildStart(
  tables: Tables,
  knex: Knex,
  lease: Lease,
  starting: Starting,
): Knex.QueryBuilder {
  const { columns } = tables.messages
  const fields = Object.entries(leftoverFields(knex, columns))
  const named = fields.map(([name, column]) =>
    knex.raw(typeof column === 'string' ? '?? as ??' : '? as ??', [column, name]),
  )
  const update = { ...startUpdate(tables, knex, lease, starting), isClaimed: true }
  // One more than is told, since the turn itself may be among them as it was before.
  const left = buildLeftovers(tables, knex, lease)
    .limit(maxLeftovers + 1)
    .select(...named, knex.raw('true as leftover'))
  return knex
    .with('begun', buildUpdate(tables, knex, lease, update).returning(named as unknown as string[]))
    .select(...fields.map(([name]) => name), knex.raw('false as leftover'))
    .from('begun')
    .unionAll([left], true)
}

interface Rows {
  readonly rows: readonly Record<string, unknown>[]
}

type Building = PromiseLike<Rows> & Knex.ChainableInterface
