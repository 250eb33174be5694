import type { OpenDatabase } from '@turnstead-internal/databases'
import type { Knex } from 'knex'

type Run = (connection: unknown, query: { readonly sql: string }) => Promise<unknown>

/** A pool whose writes go to the primary, and whose reads go to a copy that is as old as the last `catchUp`. */
export interface LaggingReads {
  readonly knex: Knex
  readonly catchUp: () => Promise<void>
}

export function createLaggingReads(primary: OpenDatabase, replica: OpenDatabase): LaggingReads {
  const knex = primary.connect()
  const client = knex.client as { _query: Run }
  const other = replica.knex.client as Knex.Client & { _query: Run }
  const write = client._query.bind(client)
  client._query = async (connection, query) => {
    if (!query.sql.startsWith('select')) return write(connection, query)
    const reading: unknown = await other.acquireConnection()
    try {
      return await other._query(reading, query)
    } finally {
      await other.releaseConnection(reading)
    }
  }
  return {
    knex,
    catchUp: async () => {
      const tables = ['conversations', 'messages']
      for (const table of tables.toReversed()) await replica.knex(table).delete()
      for (const table of tables) {
        const rows = (await primary.knex(table)) as object[]
        if (rows.length > 0) await replica.knex(table).insert(rows)
      }
    },
  }
}
