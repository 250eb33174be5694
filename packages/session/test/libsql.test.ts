import { expect } from 'chai'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import knex from 'knex'
import type { Knex } from 'knex'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createSessionStore, turnMigration } from '../src/index.js'
import { createLibsqlKnex, LibsqlClient } from '../src/libsql.js'
import { createHostTables } from './support/open-rows.js'

describe('createLibsqlKnex', () => {
  let folder: string
  let database: Knex
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'turnstead-libsql-'))
    database = createLibsqlKnex({ filename: join(folder, 'test.sqlite') })
  })
  afterEach(async () => {
    await database.destroy()
    await rm(folder, { recursive: true, force: true })
  })

  it('begins transactions with the write lock', async () => {
    const statements: string[] = []
    database.on('query', ({ sql }: { sql: string }) => statements.push(sql))
    await database.transaction((transaction) => transaction.raw('select 1'))
    expect(statements[0]).to.equal('BEGIN IMMEDIATE;')
    expect(statements.at(-1)).to.equal('COMMIT;')
  })

  it('rolls a failed transaction back', async () => {
    await database.schema.createTable('things', (table) => {
      table.increments('id')
    })
    const failure = new Error('no')
    const outcome: unknown = await database
      .transaction(async (transaction) => {
        await transaction('things').insert({ id: 1 })
        throw failure
      })
      .catch((reason: unknown) => reason)
    expect(outcome).to.equal(failure)
    expect(await database('things')).to.deep.equal([])
  })

  it('enforces foreign keys and keeps a write-ahead log', async () => {
    expect(await database.raw('pragma foreign_keys')).to.deep.equal([{ foreign_keys: 1 }])
    expect(await database.raw('pragma journal_mode')).to.deep.equal([{ journal_mode: 'wal' }])
    expect(await database.raw('pragma busy_timeout')).to.deep.equal([{ timeout: 5000 }])
  })

  it('runs the migration up, down and up again', async () => {
    await createHostTables(database)
    const { up, down } = turnMigration()
    await up(database)
    await down(database)
    await up(database)
    expect(await database.schema.hasColumn('messages', 'turn_prompt_id')).to.equal(true)
  })

  it('is a Knex client that a host configures itself', async () => {
    const memory = knex({
      client: LibsqlClient,
      connection: { filename: ':memory:' },
      useNullAsDefault: true,
    })
    try {
      await createHostTables(memory)
      await turnMigration().up(memory)
      expect(await createSessionStore({ knex: memory }).read(1)).to.equal(null)
    } finally {
      await memory.destroy()
    }
  })

  it('names the option that is wrong', () => {
    expect(() => createLibsqlKnex({ filename: '' })).to.throw(TypeError, '`filename`')
    expect(() => createLibsqlKnex({ filename: 'x', busyTimeoutMs: -1 })).to.throw(
      RangeError,
      '`busyTimeoutMs`',
    )
  })
})
