import { randomBytes } from 'node:crypto'
import knex, { type Knex } from 'knex'
import { openConnections } from './connections.js'
import type { DatabaseKind } from './kind.js'
import { embeddedPostgresProblem, startEmbeddedPostgres } from './embedded-postgres.js'

const givenUrl = process.env['TEST_DATABASE_URL'] ?? ''
let serverUrl: Promise<string> | undefined

/** PostgreSQL at `TEST_DATABASE_URL`, else one started from npm packages; every suite gets an own schema there, or an own database. */
export const postgresql: DatabaseKind = {
  name: 'postgresql',
  skip: givenUrl === '' ? embeddedPostgresProblem() : null,
  open: async (options = {}) => {
    // One that was started here has no other suites at the same time.
    const isAlone = options.isAlone === true && givenUrl !== ''
    serverUrl ??= givenUrl === '' ? startEmbeddedPostgres() : Promise.resolve(givenUrl)
    const name = `turnstead_test_${randomBytes(6).toString('hex')}`
    const server = await serverUrl
    const url = new URL(server)
    await once(server, (admin) => admin.raw(`create ${isAlone ? 'database' : 'schema'} ??`, [name]))
    // In the address rather than in Knex's `searchPath`, so that a child process needs only the address.
    if (isAlone) url.pathname = `/${name}`
    else url.searchParams.set('options', `-csearch_path=${name}`)
    return openConnections({
      name: 'postgresql',
      url: url.href,
      connect: () => connect(url.href),
      drop: async (open) => {
        if (!isAlone) return void (await open.raw('drop schema ?? cascade', [name]))
        await open.destroy()
        // Whoever left one connected loses it.
        await once(server, (admin) => admin.raw('drop database ?? with (force)', [name]))
      },
    })
  },
}

async function once(url: string, work: (admin: Knex) => PromiseLike<unknown>): Promise<void> {
  const admin = connect(url)
  try {
    await work(admin)
  } finally {
    await admin.destroy()
  }
}

function connect(url: string): Knex {
  return knex({ client: 'pg', connection: url, pool: { min: 0, max: 4 } })
}
