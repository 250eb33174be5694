import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { after, afterEach, before, describe, it } from 'mocha'
import { createFakeUpstream } from '../src/contract/fake-upstream.js'
import { completed, partial } from '../src/contract/subject.js'
import { createLocalNotifier, createSessionStore } from '../src/index.js'
import type { Lease, Notifier, RowId, SessionStore } from '../src/index.js'
import { createNotices } from '../src/notifying/notices.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

const leaseMs = 10_000

describe('the notices of the store', () => {
  const kind = databases.find(({ name }) => name === 'sqlite')
  if (kind === undefined) throw new Error('SQLite is always there')
  let rows: Rows
  let told: string[]
  let errors: unknown[]
  before(async () => {
    rows = await openRows(kind)
  })
  afterEach(() => rows.clear())
  after(() => rows.close())

  const storeWith = (notifier: Notifier): SessionStore =>
    createSessionStore({
      knex: rows.knex,
      notifier,
      onNotifyError: (error) => errors.push(error),
    })
  const claimNew = async (store: SessionStore): Promise<Lease & { turnId: RowId }> => {
    told = []
    errors = []
    const conversationId = await rows.insertConversation()
    const turnId = await rows.insertTurn(conversationId)
    const claim = await store.claim({ conversationId, turnId, owner: 'worker', leaseMs })
    if (!claim.claimed) throw new Error('the turn is free')
    return claim.lease
  }
  const recording: Notifier = {
    notify: async (topic, payload) => void told.push(`${topic} ${payload}`),
    listen: async () => async () => undefined,
  }

  it('reach who spells a UUID in the other case', async () => {
    const id = '0B0F5C0A-7A0E-4E2B-9E1C-3D6A5B4C2F10'
    const notices = createNotices(createLocalNotifier())
    const heard = new Promise((resolve) => notices.watch(id.toLowerCase(), resolve))
    notices.notify(id, 'cancelled')
    expect(await heard).to.deep.equal({ type: 'cancelled' })
  })

  it('tell of the turns of a conversation that is removed', async () => {
    const store = storeWith(recording)
    const { conversationId, turnId } = await claimNew(store)
    await store.removeConversation(conversationId, createFakeUpstream())
    const types = ['cancelled', 'settled'].map((type) => `turn:${turnId} {"type":"${type}"}`)
    expect(told).to.deep.equal(types)
  })

  it('tell of a cancel, a snapshot, an end and what closes it, and of nothing that was refused', async () => {
    const store = storeWith(recording)
    const one = await claimNew(store)
    await store.snapshot(one, partial)
    await store.settle(one, completed)
    await store.snapshot(one, partial)
    await store.cancel({ turnId: one.turnId })
    const changed = ['changed', 'settled'].map((type) => `turn:${one.turnId} {"type":"${type}"}`)
    expect(told).to.deep.equal(changed)
    const other = await claimNew(store)
    await store.cancel({ turnId: other.turnId })
    await store.keepPartial(other, partial)
    await store.closeTurn(other)
    const cancelled = ['cancelled', 'settled', 'settled'].map(
      (type) => `turn:${other.turnId} {"type":"${type}"}`,
    )
    expect(told).to.deep.equal(cancelled)
  })

  it('tell of an ask and of its answer, of the first one only', async () => {
    const store = storeWith(recording)
    const lease = await claimNew(store)
    const ask = {
      id: 'per_1',
      kind: 'permission',
      sessionId: 'ses_1',
      callId: null,
      askedAt: 1,
      permission: 'bash',
      patterns: ['ls'],
    } as const
    await store.updateAsks(lease, [{ type: 'opened', ask }])
    await store.updateAsks(lease, [])
    const request = {
      turnId: lease.turnId,
      askId: 'per_1',
      decision: { action: 'reject' },
    } as const
    await store.answerAsk(request)
    await store.answerAsk(request)
    const expected = ['changed', 'answered'].map(
      (type) => `turn:${lease.turnId} {"type":"${type}"}`,
    )
    expect(told).to.deep.equal(expected)
  })

  it('neither fail nor hold back a verb, whatever the notifier does', async () => {
    const troubles: Notifier['notify'][] = [
      () => {
        throw new Error('at once')
      },
      async () => {
        throw new Error('later')
      },
      () => new Promise(() => undefined),
    ]
    for (const notify of troubles) {
      const store = storeWith({ ...recording, notify })
      const lease = await claimNew(store)
      expect(await store.snapshot(lease, partial)).to.equal(true)
      expect(await store.settle(lease, completed)).to.equal(true)
    }
  })

  it('report what the notifier failed with', async () => {
    const failing: Notifier = {
      notify: async () => Promise.reject(new Error('not sent')),
      listen: async () => Promise.reject(new Error('not heard')),
    }
    const store = storeWith(failing)
    const lease = await claimNew(store)
    store.watch(lease.turnId, () => undefined)()
    await store.snapshot(lease, partial)
    await new Promise((resolve) => setImmediate(resolve))
    expect(errors.map(String)).to.deep.equal(['Error: not heard', 'Error: not sent'])
  })

  it('wake who watches the turn, until it stops; what cannot be read says that something was missed', async () => {
    const notifier = createLocalNotifier()
    const store = storeWith(notifier)
    const lease = await claimNew(store)
    const heard: string[] = []
    const stop = store.watch(lease.turnId, ({ type }) => heard.push(type))
    await Promise.resolve()
    await storeWith(notifier).cancel({ turnId: lease.turnId })
    for (const payload of ['no json', '{"type":"other"}', 'null']) {
      await notifier.notify(`turn:${lease.turnId}`, payload)
    }
    expect(heard).to.deep.equal(['cancelled', 'missed', 'missed', 'missed'])
    stop()
    stop()
    await notifier.notify(`turn:${lease.turnId}`, '{"type":"settled"}')
    expect(heard).to.have.length(4)
  })

  it('are none without a notifier', async () => {
    const store = createSessionStore({ knex: rows.knex })
    const lease = await claimNew(store)
    const stop = store.watch(lease.turnId, () => expect.fail('nothing is told'))
    await store.settle(lease, completed)
    stop()
  })
})
