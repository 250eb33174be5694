import {
  parkingContract,
  sessionStoreContract,
  type SessionStoreSubject,
} from '@turnstead/session/contract'
import { runContract } from '@turnstead/testkit/contract'
import { on, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { ask, createMemoryStore, runTurn } from '../src/index.js'
import { openMemoryStore } from '../src/memory/memory-store.js'
import { parkIn } from '../src/memory/park.js'
import { newRows } from '../src/memory/rows.js'
import { openRig } from './support/rig.js'

/** What only rows that several processes share can promise, or what is the other package's own. */
const notOfMemory: ReadonlySet<string> = new Set([
  'text that the database cannot hold never keeps a turn from being settled',
  'a session whose creation looked failed is found and deleted by the next creation',
  'a key is kept until all sessions were looked at, and then forgotten',
  'a creation without a usable id is an error, not a session',
  'a creator that takes too long loses to the next, deletes what it made, and gets the other id',
  'a wait for another creator ends with the reason of an abort',
  'a conversation that is not there has no session to ensure or to stop',
  'abortSession stops the session, and says when there is none',
])
const cases = sessionStoreContract.filter(({ name }) => !notOfMemory.has(name))

describe('createMemoryStore', () => {
  it('knows by name what it leaves out of the contract', () => {
    expect(sessionStoreContract.length - cases.length).to.equal(notOfMemory.size)
  })

  runContract(
    { describe, it },
    'keeps the contract of rows in a database',
    [...cases, ...parkingContract],
    {
      capabilities: ['servers', 'inbox'],
      open: async () => {
        const rows = newRows()
        let now = 1_000_000
        let ids = 0
        let lives = 0
        const clock = { now: () => now, sleep: async () => undefined }
        const open = (instance: string): SessionStoreSubject['store'] =>
          ({
            ...openMemoryStore(rows, { clock, instance }),
            park: parkIn(rows),
          }) as unknown as SessionStoreSubject['store']
        const store = openMemoryStore(rows, { clock, instance: 'first' })
        const subject: SessionStoreSubject = {
          store: open('first'),
          another: () => open('first'),
          restarted: () => open(`life ${(lives += 1)}`),
          insertConversation: async () => {
            ids += 1
            store.addTurn({ conversationId: ids, turnId: `of ${ids}` })
            return ids
          },
          insertTurn: async (conversationId) => {
            ids += 1
            store.addTurn({ conversationId, turnId: ids })
            return ids
          },
          advance: (ms) => void (now += ms),
          createMs: 30_000,
        }
        return { subject, close: async () => undefined }
      },
    },
  )

  it('carries a turn without a database', async () => {
    const rig = await openRig(on('Hello', reply(text('Whole.'))))
    const store = createMemoryStore()
    store.addTurn({ conversationId: 'c', turnId: 't' })
    const ids = { conversationId: 'c', turnId: 't' }
    const result = await runTurn({ client: rig.client, store, ...ids, prompt: { text: 'Hello' } })
    expect(result).to.have.nested.property('reply.text', 'Whole.')
    expect(await store.read('t')).to.include({ status: 'completed', text: 'Whole.' })
    const again = await runTurn({ client: rig.client, store, ...ids, prompt: { text: 'Hello' } })
    expect(again).to.include({ status: 'skipped', reason: 'settled' })
    await rig.close()
  })
})

describe('ask', () => {
  it('asks the agent one thing, and the next in the same session', async () => {
    const rig = await openRig([
      on('Hello', reply(text('Hi.'))),
      on('And now?', reply(text('Still here.'))),
    ])
    const first = await ask(rig.client, 'Hello')
    expect(first).to.have.nested.property('reply.text', 'Hi.')
    const [session] = await rig.client.session.list()
    const second = await ask(rig.client, { text: 'And now?' }, { sessionId: session?.id ?? '' })
    expect(second).to.have.nested.property('reply.text', 'Still here.')
    expect(await rig.client.session.list()).to.have.length(1)
    expect(await rig.userMessages()).to.equal(2)
    await rig.close()
  })
})
