import { databases } from '@turnstead-internal/databases'
import { runContract } from '@turnstead/testkit/contract'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { outboxStoreContract } from '../src/contract.js'
import type { OutboxSubject } from '../src/contract.js'
import { tell } from '../src/events/tell.js'
import type { OutboxStore } from '../src/outbox.js'
import { readIndexes } from '../src/migrations/catalog.js'
import { assertSchema, turnMigration } from '../src/index.js'
import { createOutboxStore, outboxMigration, outboxSql } from '../src/outbox.js'
import { createHostTables } from './support/open-rows.js'
import { failStatements } from './support/failing-statements.js'

const ended = {
  type: 'turn.ended',
  turnId: 1,
  conversationId: 'c',
  at: 1,
  status: 'completed',
  reason: null,
  askId: null,
  by: 'me',
} as const

for (const kind of databases) {
  describe(`createOutboxStore on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`keeps its contract (skipped: ${kind.skip})`)
      return
    }
    runContract({ describe, it }, 'contract', outboxStoreContract, {
      open: async () => {
        const database = await kind.open()
        await outboxMigration().up(database.knex)
        let now = 1_700_000_000_000
        const clock = { now: () => now, sleep: async () => undefined }
        const subject: OutboxSubject = {
          store: createOutboxStore({ knex: database.knex, clock }),
          another: () => createOutboxStore({ knex: () => database.connect(), clock }),
          write: async (turnId) =>
            tell(database.knex, 'turnstead_outbox', {
              type: 'turn.ended',
              turnId,
              conversationId: 'c',
              at: now,
              status: 'completed',
              reason: null,
              askId: null,
              by: 'me',
            }),
          advance: (ms) => void (now += ms),
        }
        return { subject, close: () => database.close() }
      },
    })

    it('makes good in its next run what an interrupted one left out, also under a long name', async () => {
      const database = await kind.open()
      const { knex } = database
      try {
        const table = `${'events_of_a_host_with_long_names_'.repeat(2)}`.slice(0, 60)
        const { up } = outboxMigration({ table })
        const failing = failStatements(knex)
        for (let number = 1; number < 30; number += 1) {
          failing.failAt(number, 'before')
          const failed = await up(knex).then(
            () => false,
            () => true,
          )
          if (!failed) break
        }
        failing.restore()
        const indexes = await readIndexes(knex, table)
        const columns = indexes.map(({ columns: [first] }) => first)
        expect(columns).to.include.members(['id', 'due_at', 'delivered_at', 'dead_at'])
        const store = createOutboxStore({ knex, table })
        await tell(knex, table, { ...ended, reason: 'an emoji: 🙂' })
        const [event] = await store.take({ limit: 1, leaseMs: 1 })
        expect(event?.reason).to.equal('an emoji: 🙂')
      } finally {
        await database.close()
      }
    })

    it('goes up twice, down twice, and takes another name', async () => {
      const database = await kind.open()
      try {
        const { up, down, name } = outboxMigration({ table: 'my_events' })
        expect(name).to.equal('turnstead-outbox-001')
        await up(database.knex)
        await up(database.knex)
        const store = createOutboxStore({ knex: database.knex, table: 'my_events' })
        expect(await store.count()).to.deep.equal({ pending: 0, dead: 0, oldestMs: 0 })
        await down(database.knex)
        await down(database.knex)
        expect(await database.knex.schema.hasTable('my_events')).to.equal(false)
      } finally {
        await database.close()
      }
    })

    it('is made by plain SQL, too, and assertSchema says what it lacks', async () => {
      const database = await kind.open()
      const { knex } = database
      const client = ({ postgresql: 'pg', mysql: 'mysql', sqlite: 'sqlite' } as const)[kind.name]
      const problems = async (): Promise<string> => {
        const error: unknown = await assertSchema(knex, { outbox: {} }).catch((e: unknown) => e)
        return error instanceof Error ? error.message : ''
      }
      try {
        await createHostTables(knex)
        await turnMigration().up(knex)
        expect(await problems()).to.match(
          /no table `turnstead_outbox`: run .*`outboxMigration\(\)`/,
        )

        const sql = outboxSql({ client })
        for (const statement of sql.up) await knex.raw(statement)
        await outboxMigration().up(knex)
        expect(await problems()).to.equal('')

        await knex.raw('alter table turnstead_outbox drop column error')
        expect(await problems()).to.match(/`turnstead_outbox` lacks `error`: .*`outboxSql\(\)`/)
        await outboxMigration().up(knex)
        expect(await problems()).to.equal('')

        for (const statement of sql.down) await knex.raw(statement)
        expect(await problems()).to.match(/no table `turnstead_outbox`/)
      } finally {
        await database.close()
      }
    })
  })
}

describe('outboxStoreContract', () => {
  const defects: readonly {
    readonly defect: string
    readonly breakStore: (store: OutboxStore) => OutboxStore
  }[] = [
    {
      defect: 'forgets deliveries',
      breakStore: (s) => ({ ...s, delivered: async () => undefined }),
    },
    {
      defect: 'takes without a lease',
      breakStore: (s) => ({ ...s, take: (request) => s.take({ ...request, leaseMs: 0 }) }),
    },
    {
      defect: 'tries dead letters again',
      breakStore: (s) => ({
        ...s,
        failed: (id, failure) => s.failed(id, { ...failure, retryInMs: failure.retryInMs ?? 0 }),
      }),
    },
    {
      defect: 'has no pause after a failure',
      breakStore: (s) => ({
        ...s,
        failed: (id, failure) =>
          s.failed(id, { ...failure, retryInMs: failure.retryInMs === null ? null : 0 }),
      }),
    },
    { defect: 'replays nothing', breakStore: (s) => ({ ...s, replay: async () => 0 }) },
    {
      defect: 'prunes without bounds',
      breakStore: (s) => ({ ...s, prune: (request) => s.prune({ ...request, limit: 1_000 }) }),
    },
    {
      defect: 'counts nothing',
      breakStore: (s) => ({ ...s, count: async () => ({ pending: 0, dead: 0, oldestMs: 0 }) }),
    },
  ]
  const kind = databases.find(({ name }) => name === 'sqlite')
  if (kind === undefined) throw new Error('SQLite is always there')

  for (const { defect, breakStore } of defects) {
    it(`catches an outbox that ${defect}`, async () => {
      const failures: string[] = []
      for (const { name, run } of outboxStoreContract) {
        const { knex, close } = await kind.open()
        await outboxMigration().up(knex)
        let now = 1_700_000_000_000
        const clock = { now: () => now, sleep: async () => undefined }
        const store = breakStore(createOutboxStore({ knex, clock }))
        const about = {
          conversationId: 'c',
          status: 'completed',
          reason: null,
          askId: null,
          by: 'me',
        } as const
        const subject: OutboxSubject = {
          store,
          another: () => store,
          write: async (turnId) =>
            tell(knex, 'turnstead_outbox', { type: 'turn.ended', turnId, at: now, ...about }),
          advance: (ms) => void (now += ms),
        }
        await run(subject).catch(() => failures.push(name))
        await close()
      }
      expect(failures).to.not.deep.equal([])
    })
  }
})
