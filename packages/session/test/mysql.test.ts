import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import knex, { type Knex } from 'knex'
import { after, afterEach, before, describe, it } from 'mocha'
import { completed, firstPrompt, partial } from '../src/contract/subject.js'
import { createSessionStore } from '../src/index.js'
import type { SessionStore, Lease } from '../src/index.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const leaseMs = 60_000

describe('on MySQL', () => {
  const kind = databases.find(({ name }) => name === 'mysql')!
  if (kind.skip !== null) {
    it(`the locks of the store are its own rows' (skipped: ${kind.skip})`)
    return
  }
  let rows: Rows
  let store: SessionStore
  before(async () => {
    rows = await openRows(kind)
    store = createSessionStore({ knex: rows.knex })
  })
  afterEach(() => rows.clear())
  after(() => rows.close())

  const claimNew = async (from = store): Promise<Lease> => {
    const conversationId = await rows.insertConversation()
    const turnId = await rows.insertTurn(conversationId)
    const claim = await from.claim({ conversationId, turnId, owner: 'worker', leaseMs })
    if (!claim.claimed) throw new Error(`the turn must be free, but is ${claim.reason}`)
    return claim.lease
  }

  it('a snapshot that waits for its row keeps no one from the conversation, its own renewal least of all', async () => {
    const lease = await claimNew()
    const host = await rows.database.connect().transaction()
    await host('messages').where({ id: lease.turnId }).forUpdate()
    const snapshot = store.snapshot(lease, partial)
    await untilBlocked(rows.knex)
    expect(await store.renew(lease, { leaseMs: leaseMs * 2 })).to.include({ held: true })
    await host('conversations').where({ id: lease.conversationId }).update({ title: 'Renamed' })
    await host.commit()
    expect(await snapshot).to.equal(true)
  })

  it('a host that writes message and conversation, in any order, meets no deadlock', async () => {
    const lease = await claimNew()
    const host = rows.database.connect()
    const write = async (n: number): Promise<void> => {
      await host.transaction(async (transaction) => {
        const steps = [
          () =>
            transaction('messages')
              .where({ id: lease.turnId })
              .update({ content: `${n}` }),
          () =>
            transaction('conversations')
              .where({ id: lease.conversationId })
              .update({ title: `${n}` }),
        ]
        for (const step of n % 2 === 0 ? steps : steps.toReversed()) await step()
      })
    }
    const hosts = (async () => {
      for (let n = 0; n < 150; n += 1) await write(n)
    })()
    const worker = (async () => {
      for (let n = 0; n < 150; n += 1) {
        expect(await store.snapshot(lease, { reply: { n }, text: `${n}` })).to.equal(true)
      }
    })()
    await Promise.all([hosts, worker])
  })

  it('connections that count changed rows see that the same write took effect again', async () => {
    const { hostname, port, username, password, pathname } = new URL(rows.database.url)
    const counting = knex({
      client: 'mysql2',
      connection: {
        host: hostname,
        port: Number(port || 3306),
        user: decodeURIComponent(username),
        password: decodeURIComponent(password),
        database: pathname.slice(1),
        flags: ['-FOUND_ROWS'],
      },
    })
    try {
      const now = Date.now()
      const clock = { now: () => now, sleep: () => Promise.resolve() }
      const again = createSessionStore({ knex: counting, clock })
      const lease = await claimNew(again)
      for (let time = 0; time < 2; time += 1) {
        expect(await again.recordPrompt(lease, firstPrompt)).to.equal(true)
        expect(await again.snapshot(lease, partial)).to.equal(true)
        expect(await again.renew(lease, { leaseMs })).to.include({ held: true })
      }
      expect(await again.settle(lease, completed)).to.equal(true)
      expect(await again.settle(lease, completed)).to.equal(true)
      expect(await again.closeTurn(lease)).to.equal(true)
      expect(await again.closeTurn(lease)).to.equal(true)
      await again.release(lease)
      expect(await again.renew(lease, { leaseMs })).to.include({ held: false })
    } finally {
      await counting.destroy()
    }
  })
})

/** Until one of the server's clients waits in an update of the messages. */
async function untilBlocked(database: Knex): Promise<void> {
  for (;;) {
    const [waiting] = (await database.raw(
      "select 1 from information_schema.processlist where info like 'update `messages`%' and time_ms > 100",
    )) as [unknown[]]
    if (waiting.length > 0) return
  }
}
