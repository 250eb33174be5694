import { databases } from '@turnstead-internal/databases'
import { createSessionStore, turnMigration } from '@turnstead/session'
import { createPostgresNotifier, type OpenNotifier } from '@turnstead/session/postgres-notifier'
import { createRedisNotifier } from '@turnstead/session/redis-notifier'
import { gate, on, reply, startImpostor, text } from '@turnstead/testkit'
import { createClient } from '@turnstead/wire'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { runTurn } from '../src/index.js'
import { followTurn } from '../src/live.js'

const words = 'Many words that come one after the other, with “quotes” and 🙂. '.repeat(200)
const postgresql = databases.find(({ name }) => name === 'postgresql')
const redisUrl = process.env['TEST_REDIS_URL'] ?? ''

const notifiers: readonly {
  readonly name: string
  readonly skip: string | null
  readonly open: (databaseUrl: string) => OpenNotifier
}[] = [
  {
    name: 'PostgreSQL',
    skip: postgresql?.skip ?? null,
    open: (connection) => createPostgresNotifier({ connection }),
  },
  {
    name: 'Redis',
    skip: redisUrl === '' ? 'set TEST_REDIS_URL to a Redis server' : null,
    open: () => createRedisNotifier({ connection: redisUrl, prefix: `test-${process.pid}` }),
  },
]

for (const { name, skip, open } of notifiers) {
  describe(`a turn that is followed over ${name}`, () => {
    if (postgresql === undefined || postgresql.skip !== null || skip !== null) {
      it(`is shown as it grows, stopped and ended at once (skipped: ${skip ?? postgresql?.skip})`)
      return
    }

    it('is shown as it grows, stopped and ended at once, by processes that share rows alone', async () => {
      const database = await postgresql.open()
      const [ours, theirs] = [open(database.url), open(database.url)]
      const impostor = await startImpostor(
        on('Hello', reply(text(words), gate('middle'), text('The end.'))),
      )
      const client = createClient({ baseUrl: impostor.url })
      try {
        const { knex } = database
        await knex.schema.createTable('conversations', (table) => void table.increments('id'))
        await knex.schema.createTable('messages', (table) => {
          table.increments('id')
          table.integer('conversation_id')
        })
        await turnMigration().up(knex)
        await knex('conversations').insert({ id: 1 })
        const about = { conversation_id: 1, turn_status: 'pending' }
        await knex('messages').insert([about, about])
        const store = createSessionStore({ knex, notifier: ours })
        const web = createSessionStore({ knex: database.connect(), notifier: theirs })
        const errors: unknown[] = []
        const follow = async (turnId: number): ReturnType<typeof followTurn> =>
          followTurn({
            store: web,
            notifier: theirs,
            turnId,
            pollMs: 60_000,
            onError: (error) => errors.push(error),
          })
        const common = { client, store, notifier: ours, conversationId: 1, owner: 'w' }
        const slow = { leaseMs: 60_000, snapshotMs: 60_000 }

        const first = await follow(1)
        const running = runTurn({ ...common, turnId: 1, prompt: { text: 'Hello' }, timing: slow })
        const textOf = (): string =>
          (first?.view().parts ?? [])
            .flatMap((part) => (part.kind === 'text' ? [part.text] : []))
            .join('')
        await new Promise<void>((resolve) => {
          first?.observe({ changed: () => textOf() === words && resolve() })
        })
        await impostor.gate('middle').reached()
        impostor.gate('middle').open()
        expect(await running).to.include({ status: 'completed' })
        expect((await first?.ended)?.status).to.equal('completed')
        expect(textOf()).to.equal(`${words}The end.`)

        impostor.answer(on('Again', reply(text('Partial. '), gate('never'), text('Rest.'))))
        const second = await follow(2)
        const stopped = runTurn({ ...common, turnId: 2, prompt: { text: 'Again' }, timing: slow })
        await impostor.gate('never').reached()
        const at = performance.now()
        expect(await web.cancel({ turnId: 2, reason: 'user' })).to.equal(true)
        expect(await stopped).to.include({ status: 'cancelled' })
        // Without the notice it would be a tenth of the lease.
        expect(performance.now() - at).to.be.below(5_000)
        expect((await second?.ended)?.text).to.match(/^Partial/)
        expect(errors).to.deep.equal([])
      } finally {
        await client.close()
        await impostor.close()
        await Promise.all([ours.close(), theirs.close()])
        await database.close()
      }
    })
  })
}
