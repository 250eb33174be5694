import type { Knex } from 'knex'
import { toRowId } from '../../values/asserts.js'
import type { SweepReport, SweptTurn } from '../../store/upkeep-verbs.js'
import type { Tables } from '../../tables.js'
import { blocking } from '../find-lease.js'
import { query } from '../query.js'
import { keyText } from '../row-key.js'
import { toNumber, toNumberOrNull } from '../row-values.js'

interface Found<Turn> {
  readonly turns: readonly Turn[]
  readonly hasMore: boolean
}

interface Search {
  readonly now: number
  readonly limit: number
}

/** Turns that are running while no one holds their conversation, nor waits in it for a person: its agent has their messages then. */
export async function findStranded(
  tables: Tables,
  search: Search,
): Promise<Found<SweepReport['strandedTurns'][number]>> {
  const { columns } = tables.messages
  const { rows, hasMore } = await findUnheld(tables, search, {
    what: 'look for stranded turns',
    where: (row, knex) => {
      const conversation = knex.ref(`m.${columns.conversationId}`)
      row
        .where({ [`m.${columns.status}`]: 'running', [`m.${columns.closedAt}`]: null })
        .whereNotExists(blocking(tables, knex, conversation, search.now))
    },
    order: [columns.startedAt, columns.id],
  })
  const turns = rows.map((row) => ({ ...toTurn(row), startedAt: toNumberOrNull(row['started']) }))
  return { turns, hasMore }
}

/** Turns that waited for a person and are due: answered, or their time is over. */
export async function findDue(
  tables: Tables,
  search: Search,
): Promise<Found<SweepReport['dueTurns'][number]>> {
  const { columns } = tables.messages
  const { rows, hasMore } = await findUnheld(tables, search, {
    what: 'look for turns that are due',
    where: (row) =>
      void row
        .where(`m.${columns.status}`, 'waiting')
        .where(`m.${columns.dueAt}`, '<=', search.now),
    order: [columns.dueAt, columns.id],
  })
  const turns = rows.map((row) => ({ ...toTurn(row), dueAt: toNumber(row['due']) }))
  return { turns, hasMore }
}

/** Turns that a sweep has seen pending before a time, while no one holds their conversation, nor waits in it for a person. */
export async function findPending(
  tables: Tables,
  search: Search & { readonly since: number },
): Promise<Found<SweepReport['pendingTurns'][number]>> {
  const { columns } = tables.messages
  const { rows, hasMore } = await findUnheld(tables, search, {
    what: 'look for pending turns',
    where: (row, knex) => {
      const conversation = knex.ref(`m.${columns.conversationId}`)
      row
        .where(`m.${columns.status}`, 'pending')
        .where(`m.${columns.pendingSince}`, '<=', search.since)
        .whereNotExists(blocking(tables, knex, conversation, search.now))
    },
    order: [columns.pendingSince, columns.id],
  })
  const turns = rows.map((row) => ({
    ...toTurn(row),
    pendingSince: toNumber(row['pending']),
    isInLine: toNumber(row['position']) > 0,
  }))
  return { turns, hasMore }
}

/** Turns that ended before a time with something left to do, while no one holds their conversation. */
export async function findUnclosed(
  tables: Tables,
  search: Search & { readonly endedBefore: number },
): Promise<Found<SweepReport['unclosedTurns'][number]>> {
  const { columns } = tables.messages
  const turns: SweepReport['unclosedTurns'][number][] = []
  // One by one and in the order of an index: of all three at once PostgreSQL expects so many that it reads the whole table.
  for (const status of ['cancelled', 'failed', 'completed'] as const) {
    const limit = search.limit - turns.length
    if (limit === 0) break
    const { rows } = await findUnheld(
      tables,
      { ...search, limit },
      {
        what: 'look for turns that are not closed',
        where: (row) =>
          void row
            .where({ [`m.${columns.status}`]: status, [`m.${columns.closedAt}`]: null })
            .whereNotNull(`m.${columns.promptId}`)
            .where(`m.${columns.settledAt}`, '<', search.endedBefore),
        order: [columns.closedAt, columns.conversationId],
      },
    )
    for (const row of rows) {
      turns.push({ ...toTurn(row), status, settledAt: toNumberOrNull(row['settled']) })
    }
  }
  return { turns, hasMore: turns.length === search.limit }
}

/** Notes on turns that are pending, and were not noted before, that they are. */
export async function stampPending(tables: Tables, { now, limit }: Search): Promise<boolean> {
  const { table, columns } = tables.messages
  const isNew = (row: Knex.QueryBuilder): void => {
    row.where(columns.status, 'pending').whereNull(columns.pendingSince)
  }
  const rows = await query<Record<string, unknown>[]>(
    tables,
    'look for new turns',
    (knex) =>
      knex(table)
        .where(isNew)
        .limit(limit)
        .select({ id: columns.id, idtext: keyText(knex, columns.id) }),
    { isRepeatable: true },
  )
  if (rows.length === 0) return false
  const ids = rows.map((row) => String(toRowId(row['id'], row['idtext'])))
  await query<number>(
    tables,
    'note which turns are pending',
    (knex) =>
      knex(table)
        .where(isNew)
        .whereIn(columns.id, ids)
        .update({ [columns.pendingSince]: now }),
    { isRepeatable: true },
  )
  return rows.length === limit
}

async function findUnheld(
  tables: Tables,
  { now, limit }: Search,
  search: {
    readonly what: string
    readonly where: (row: Knex.QueryBuilder, knex: Knex) => void
    readonly order: readonly string[]
  },
): Promise<{ readonly rows: readonly Record<string, unknown>[]; readonly hasMore: boolean }> {
  const { conversations, messages } = tables
  const c = conversations.columns
  const m = messages.columns
  const find = (knex: Knex): Knex.QueryBuilder => {
    const row = knex(`${messages.table} as m`).join(
      `${conversations.table} as c`,
      `c.${c.id}`,
      `m.${m.conversationId}`,
    )
    search.where(row, knex)
    return row
      .where((free) => {
        free.whereNull(`c.${c.turnOwner}`).orWhere(`c.${c.turnExpiresAt}`, '<=', now)
      })
      .orderBy(search.order.map((column) => `m.${column}`))
      .limit(limit)
      .select({
        id: `m.${m.id}`,
        idtext: keyText(knex, `m.${m.id}`),
        conversation: `m.${m.conversationId}`,
        conversationtext: keyText(knex, `m.${m.conversationId}`),
        started: `m.${m.startedAt}`,
        settled: `m.${m.settledAt}`,
        pending: `m.${m.pendingSince}`,
        position: `m.${m.queuePosition}`,
        due: `m.${m.dueAt}`,
      })
  }
  const rows = await query<Record<string, unknown>[]>(tables, search.what, find, {
    isRepeatable: true,
  })
  return { rows, hasMore: rows.length === limit }
}

function toTurn(row: Record<string, unknown>): SweptTurn {
  return {
    turnId: toRowId(row['id'], row['idtext']),
    conversationId: toRowId(row['conversation'], row['conversationtext']),
  }
}
