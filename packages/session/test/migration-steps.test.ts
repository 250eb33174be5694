import { databases } from '@turnstead-internal/databases'
import type { DatabaseName } from '@turnstead-internal/databases'
import { expect } from 'chai'
import createKnex, { type Knex } from 'knex'
import { describe, it } from 'mocha'
import { knexSnakeCaseMappers } from 'objection'
import { createSessionStore, migrationSource, migrationSql, turnMigration } from '../src/index.js'
import type { MigrationSqlOptions, TurnMigrationOptions } from '../src/index.js'
import { readColumns, readIndexes } from '../src/migrations/catalog.js'
import { failStatements, Interrupted } from './support/failing-statements.js'
import { createHostTables } from './support/open-rows.js'

const clients: Readonly<Record<DatabaseName, MigrationSqlOptions['client']>> = {
  postgresql: 'pg',
  mysql: 'mysql',
  sqlite: 'sqlite',
}

for (const kind of databases) {
  describe(`migrations on ${kind.name}`, function () {
    this.timeout(120_000)
    if (kind.skip !== null) {
      it(`may fail at every statement (skipped: ${kind.skip})`)
      return
    }

    for (const when of ['before', 'after'] as const) {
      it(`go on after they failed ${when} the database ran a statement, at each of them`, async () => {
        const { knex, close } = await kind.open()
        try {
          await createHostTables(knex)
          const bare = await layoutOf(knex)
          const { up, down } = turnMigration()
          await up(knex)
          const whole = await layoutOf(knex)
          for (const [first, second, wanted] of [
            [down, up, whole],
            [up, down, bare],
          ] as const) {
            // Each round begins with the state that `first` leaves, and interrupts `second`.
            for (let number = 1, isThrough = false; !isThrough; number += 1) {
              await first(knex)
              const failing = failStatements(knex)
              failing.failAt(number, when)
              const error: unknown = await second(knex).catch((reason: unknown) => reason)
              failing.restore()
              isThrough = error === undefined
              if (!isThrough) expect(error).to.be.instanceOf(Interrupted)
              await second(knex)
              expect(await layoutOf(knex), `${number}`).to.deep.equal(wanted)
              expect(number).to.be.below(200)
            }
          }
        } finally {
          await close()
        }
      })
    }

    it('are the same as plain SQL, which is printed without a connection', async () => {
      const { knex, close } = await kind.open()
      try {
        await createHostTables(knex)
        const bare = await layoutOf(knex)
        await turnMigration().up(knex)
        const whole = await layoutOf(knex)
        await turnMigration().down(knex)
        const versions = migrationSql({ client: clients[kind.name] })
        for (const sql of versions.flatMap(({ up }) => up)) await knex.raw(sql)
        expect(await layoutOf(knex)).to.deep.equal(whole)
        await turnMigration().up(knex)
        for (const sql of versions.toReversed().flatMap(({ down }) => down)) await knex.raw(sql)
        expect(await layoutOf(knex)).to.deep.equal(bare)
      } finally {
        await close()
      }
    })

    it('serve two pairs of tables, and two turns in one row, in one schema', async () => {
      const { knex, close } = await kind.open()
      const others: TurnMigrationOptions = {
        conversations: { table: 'second_conversations' },
        messages: { table: 'second_messages' },
      }
      const prefixed: TurnMigrationOptions = {
        conversations: { prefix: 'ai_' },
        messages: { prefix: 'ai_' },
      }
      try {
        await createHostTables(knex)
        await knex.schema.createTable('second_conversations', (table) => {
          table.increments('id')
        })
        await knex.schema.createTable('second_messages', (table) => {
          table.increments('id')
          table.integer('conversation_id').unsigned()
        })
        const pairs = [{}, others, prefixed]
        for (const pair of pairs) await turnMigration(pair).up(knex)
        for (const pair of pairs) await turnMigration(pair).up(knex)
        const names: string[] = []
        for (const table of [
          'conversations',
          'messages',
          'second_conversations',
          'second_messages',
        ]) {
          for (const { name } of await readIndexes(knex, table)) names.push(name)
        }
        const ours = names.filter((name) => name.startsWith('turnstead_'))
        expect(ours).to.include.members(['turnstead_open', 'turnstead_session'])
        expect(new Set(ours).size).to.equal(18)
        for (const name of ours) expect(name.length).to.be.at.most(30)
        for (const pair of pairs) await turnMigration(pair).down(knex)
        expect((await readIndexes(knex, 'messages')).map(({ name }) => name)).not.to.include(
          'turnstead_open',
        )
      } finally {
        await close()
      }
    })

    it('name every clash at once, with the option that solves it, and change nothing', async () => {
      const { knex, close } = await kind.open()
      try {
        await createHostTables(knex)
        await knex.schema.alterTable('messages', (table) => {
          table.text('turn_text')
        })
        await knex.schema.alterTable('conversations', (table) => {
          table.index(['title'], 'turnstead_session')
        })
        const before = await layoutOf(knex)
        const error: unknown = await turnMigration()
          .up(knex)
          .catch((reason: unknown) => reason)
        expect(error).to.be.instanceOf(TypeError)
        expect(String(error)).to.match(/`turn_text`.*`messages\.prefix`/)
        expect(String(error)).to.match(/`turnstead_session`.*`indexPrefix`/)
        expect(await layoutOf(knex)).to.deep.equal(before)
        await turnMigration({ indexPrefix: 'our_', messages: { prefix: 'ai_' } }).up(knex)
      } finally {
        await close()
      }
    })

    it("are a source for Knex's migrator", async () => {
      const { knex, close } = await kind.open()
      try {
        await createHostTables(knex)
        const config = { migrationSource: migrationSource(), tableName: 'turnstead_migrations' }
        const [, done] = (await knex.migrate.latest(config)) as [number, string[]]
        expect(done).to.deep.equal([
          'turnstead-001-turns',
          'turnstead-002-inbox',
          'turnstead-003-waiting',
        ])
        expect(((await knex.migrate.latest(config)) as [number, string[]])[1]).to.deep.equal([])
        expect(await knex.schema.hasColumn('messages', 'turn_status')).to.equal(true)
        await knex.migrate.rollback(config)
        expect(await knex.schema.hasColumn('messages', 'turn_status')).to.equal(false)
      } finally {
        await close()
      }
    })

    if (kind.name === 'sqlite') return
    it('work through a Knex that maps names, and hold names that are words of SQL', async () => {
      const { knex, url, close } = await kind.open()
      const mapped = createKnex({
        client: kind.name === 'mysql' ? 'mysql2' : 'pg',
        connection: url,
        pool: { min: 0, max: 1 },
        ...knexSnakeCaseMappers(),
      })
      const options = {
        conversations: { table: 'order', columns: { turnFence: 'claimNumber' } },
        messages: {
          table: 'group',
          columns: { id: 'select', conversationId: 'orderId', status: 'from', reply: 'agentReply' },
        },
      }
      try {
        await mapped.schema.createTable('order', (table) => {
          table.increments('id')
        })
        await mapped.schema.createTable('group', (table) => {
          table.increments('select')
          table.integer('orderId').unsigned().references('order.id')
        })
        const { up, down } = turnMigration(options)
        await up(mapped)
        await up(mapped)
        expect(await knex.schema.hasColumn('group', 'agent_reply')).to.equal(true)
        await knex('order').insert({ id: 1 })
        await knex('group').insert({ select: 1, order_id: 1, from: 'pending' })
        const store = createSessionStore({ knex: mapped, ...options })
        const ids = { conversationId: 1, turnId: 1 }
        expect(await store.claim({ ...ids, owner: 'w', leaseMs: 1000 })).to.include({
          claimed: true,
        })
        await down(mapped)
        expect(await knex.schema.hasColumn('group', 'agent_reply')).to.equal(false)
      } finally {
        await mapped.destroy()
        await close()
      }
    })
  })
}

describe('migrationSql', () => {
  it('makes indexes without a lock where that is asked for', () => {
    const [plain] = migrationSql({ client: 'pg' })
    const [quiet] = migrationSql({ client: 'pg', concurrently: true })
    const changed = quiet!.up.filter((sql, n) => sql !== plain!.up[n])
    expect(changed).to.have.lengthOf(5)
    for (const sql of changed) expect(sql).to.match(/^create (?:unique )?index concurrently "/)
    expect(migrationSql({ client: 'sqlite', from: 4 })).to.deep.equal([])
  })

  it('refuses what no database has', () => {
    expect(() => migrationSql({ client: 'mysql', concurrently: true })).to.throw(
      TypeError,
      '`concurrently`',
    )
    expect(() => migrationSql({ client: 'oracle' as 'pg' })).to.throw(TypeError, '`client`')
    expect(() => migrationSql({ client: 'pg', indexPrefix: '' })).to.throw(
      TypeError,
      '`indexPrefix`',
    )
  })
})

async function layoutOf(knex: Knex): Promise<unknown> {
  const layout: unknown[] = []
  for (const table of ['conversations', 'messages']) {
    const columns = (await readColumns(knex, table)).toSorted(byName)
    const indexes = (await readIndexes(knex, table)).toSorted(byName)
    layout.push({ table, columns, indexes })
  }
  return layout
}

function byName(first: { readonly name: string }, second: { readonly name: string }): number {
  return first.name < second.name ? -1 : 1
}
