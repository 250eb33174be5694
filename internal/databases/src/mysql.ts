import { randomBytes } from 'node:crypto'
import knex, { type Knex } from 'knex'
import { openConnections } from './connections.js'
import type { DatabaseKind } from './kind.js'

const serverUrl = process.env['TEST_MYSQL_URL'] ?? ''

/** MySQL or MariaDB at `TEST_MYSQL_URL`; every suite gets an own database there. */
export const mysql: DatabaseKind = {
  name: 'mysql',
  skip:
    serverUrl === ''
      ? 'set TEST_MYSQL_URL to a MySQL or MariaDB server where databases may be created'
      : null,
  open: async () => {
    if (serverUrl === '') throw new Error('TEST_MYSQL_URL is not set')
    const name = `turnstead_test_${randomBytes(6).toString('hex')}`
    const admin = connect(serverUrl)
    try {
      await admin.raw('create database ?? character set utf8mb4', [name])
    } finally {
      await admin.destroy()
    }
    const url = new URL(serverUrl)
    url.pathname = `/${name}`
    return openConnections({
      name: 'mysql',
      url: url.href,
      connect: () => connect(url.href),
      drop: (open) => open.raw('drop database ??', [name]),
    })
  },
}

function connect(url: string): Knex {
  return knex({ client: 'mysql2', connection: url, pool: { min: 0, max: 4 } })
}
