import { createHash } from 'node:crypto'
import type { MarkedServer, ServerLoad, ServerState } from '../../store/server-verbs.js'
import type { Tables } from '../../tables.js'
import { query } from '../query.js'
import { toNumber } from '../row-values.js'

/** Says of a server what it takes; the last word counts. */
export async function markServer(tables: Tables, { name, state }: MarkedServer): Promise<void> {
  const id = createHash('sha256').update(name).digest('hex')
  const row = { id, name, state, marked_at: tables.clock.now() }
  await query<unknown>(
    tables,
    `mark the server ${name} as ${state}`,
    (knex) => knex(tables.servers).insert(row).onConflict('id').merge(['state', 'marked_at']),
    { isRepeatable: true },
  )
}

export async function markedServers(tables: Tables): Promise<readonly MarkedServer[]> {
  const rows = await query<Record<string, unknown>[]>(
    tables,
    'read what was said of servers',
    (knex) => knex(tables.servers).orderBy('name').select('name', 'state'),
    { isRepeatable: true },
  )
  return rows.map((row) => ({
    name: String(row['name']),
    state: String(row['state']) as ServerState,
  }))
}

/** Looks through all conversations: not for what is asked often. */
export async function knownServers(tables: Tables): Promise<readonly string[]> {
  const { table, columns } = tables.conversations
  const rows = await query<Record<string, unknown>[]>(
    tables,
    'look which servers there are',
    (knex) => knex(table).whereNotNull(columns.server).distinct({ name: columns.server }),
    { isRepeatable: true },
  )
  const marks = await markedServers(tables)
  return [...new Set([...rows, ...marks].map(({ name }) => String(name)))]
}

/**
 * A conversation counts once, whether it is held or only has a turn that a worker left running. One that was asked nothing is of no
 * server while no one holds it.
 */
export async function serverLoads(tables: Tables): Promise<readonly ServerLoad[]> {
  const { conversations, messages } = tables
  const c = conversations.columns
  const m = messages.columns
  const rows = await query<Record<string, unknown>[]>(
    tables,
    'count the busy conversations of servers',
    (knex) => {
      const fields = { id: `c.${c.id}`, server: `c.${c.server}` }
      const held = knex(`${conversations.table} as c`)
        .whereNotNull(`c.${c.turnOwner}`)
        .where(`c.${c.turnExpiresAt}`, '>', tables.clock.now())
        .whereNotNull(`c.${c.server}`)
        .select(fields)
      const running = knex(`${messages.table} as m`)
        .join(`${conversations.table} as c`, `c.${c.id}`, `m.${m.conversationId}`)
        .where({ [`m.${m.status}`]: 'running', [`m.${m.closedAt}`]: null })
        .whereNotNull(`m.${m.promptId}`)
        .whereNotNull(`c.${c.server}`)
        .select(fields)
      return knex
        .from(held.union([running]).as('busy'))
        .groupBy('server')
        .orderBy('server')
        .select('server', knex.raw('count(*) as busy'))
    },
    { isRepeatable: true },
  )
  return rows.map((row) => ({ name: String(row['server']), busy: toNumber(row['busy']) }))
}
