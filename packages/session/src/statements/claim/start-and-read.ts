import type { Knex } from 'knex'
import type { Lease, TurnRecord } from '../../records.js'
import type { MessageColumns, Tables } from '../../tables.js'
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
  const { columns } = tables.messages
  const rows = await query<Record<string, unknown>[]>(
    tables,
    `start the run of turn ${lease.turnId}`,
    (knex) => {
      const { named, names } = fieldLists(knex, columns)
      const update = { ...startUpdate(tables, knex, lease, starting), isClaimed: true }
      // One more than is told, since the turn itself may be among them as it was before.
      const left = buildLeftovers(tables, knex, lease)
        .limit(maxLeftovers + 1)
        .select(knex.raw(`${named}, true as leftover`))
      return knex
        .with('begun', buildUpdate(tables, knex, lease, update).returning(knex.raw(named)))
        .select(knex.raw(`${names}, false as leftover`))
        .from('begun')
        .unionAll([left], true) as unknown as Rows
    },
  )
  const begun = rows.find(({ leftover }) => leftover !== true)
  if (begun === undefined) return null
  const own = String(begun['turntext'])
  const others = rows.filter((row) => row !== begun && String(row['turntext']) !== own)
  return { turn: toTurnRecord(lease.turnId, begun), leftovers: toLeftovers(others) }
}

interface FieldLists {
  /** Each field with its name, as SQL. */
  readonly named: string
  readonly names: string
}

/** Made once: built anew for each claim they would cost more than the rest of it. */
const lists = new WeakMap<object, WeakMap<MessageColumns, FieldLists>>()

function fieldLists(knex: Knex, columns: MessageColumns): FieldLists {
  const client = knex.client as object
  const known = lists.get(client) ?? new WeakMap<MessageColumns, FieldLists>()
  lists.set(client, known)
  const found = known.get(columns)
  if (found !== undefined) return found
  const fields = Object.entries(leftoverFields(knex, columns))
  const sql = fields.map(([name, column]) =>
    knex.raw(typeof column === 'string' ? '?? as ??' : '? as ??', [column, name]).toQuery(),
  )
  const names = fields.map(([name]) => knex.raw('??', [name]).toQuery())
  const made = { named: asRaw(sql.join(', ')), names: asRaw(names.join(', ')) }
  known.set(columns, made)
  return made
}

/** A question mark in a host's name is no place for a value. */
function asRaw(sql: string): string {
  return sql.replaceAll('?', '\\?')
}

type Rows = PromiseLike<Record<string, unknown>[]> & Knex.ChainableInterface
