import { randomBytes } from 'node:crypto'
import knex, { type Knex } from 'knex'
import { openConnections } from './connections.js'
import type { DatabaseKind } from './kind.js'
import { embeddedPostgresProblem, startEmbeddedPostgres } from './embedded-postgres.js'

const givenUrl = process.env['TEST_DATABASE_URL'] ?? ''
let serverUrl: Promise<string> | undefined

/** PostgreSQL at `TEST_DATABASE_URL`, else one started from npm packages; every suite gets an own schema there. */
export const postgresql: DatabaseKind = {
  name: 'postgresql',
  skip: givenUrl === '' ? embeddedPostgresProblem() : null,
  open: async () => {
    serverUrl ??= givenUrl === '' ? startEmbeddedPostgres() : Promise.resolve(givenUrl)
    const schema = `turnstead_test_${randomBytes(6).toString('hex')}`
    const url = new URL(await serverUrl)
    const admin = connect(url.href)
    try {
      await admin.raw('create schema ??', [schema])
    } finally {
      await admin.destroy()
    }
    // In the address rather than in Knex's `searchPath`, so that a child process needs only the address.
    url.searchParams.set('options', `-csearch_path=${schema}`)
    return openConnections({
      name: 'postgresql',
      url: url.href,
      connect: () => connect(url.href),
      drop: (open) => open.raw('drop schema ?? cascade', [schema]),
    })
  },
}

function connect(url: string): Knex {
  return knex({ client: 'pg', connection: url, pool: { min: 0, max: 4 } })
}
