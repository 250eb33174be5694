import assert from 'node:assert/strict'
import type { OutboxStore } from '../../outbox/events.js'

/** An outbox under test with its clock; every case gets a fresh one. */
export interface OutboxSubject {
  readonly store: OutboxStore
  /** The same events as another process has them. */
  readonly another: () => OutboxStore
  /** Writes an event for a turn of this name, at the clock's time; the same name is the same event. */
  readonly write: (turnId: string) => Promise<void>
  /** Moves the clock forward. */
  readonly advance: (ms: number) => void
}

/** One promise of the contract. */
export interface OutboxCase {
  /** The promise, in the present tense. */
  readonly name: string
  /** Rejects when the promise is broken. */
  readonly run: (subject: OutboxSubject) => Promise<void>
}

const leaseMs = 1_000

async function takeAll(store: OutboxStore, limit = 100): Promise<readonly string[]> {
  const events = await store.take({ limit, leaseMs })
  return events.map(({ turnId }) => String(turnId))
}

async function takeOne(store: OutboxStore): Promise<string> {
  const [event] = await store.take({ limit: 1, leaseMs })
  assert.ok(event !== undefined, 'an event must be due')
  return event.id
}

/** What every `OutboxStore` must keep. */
export const outboxStoreContract: readonly OutboxCase[] = [
  {
    name: 'take gives what is due, the oldest first, with all that is known of it',
    run: async ({ store, write, advance }) => {
      assert.deepEqual(await takeAll(store), [])
      await write('a')
      advance(1)
      await write('b')
      const [first, second] = await store.take({ limit: 10, leaseMs })
      assert.equal(first?.turnId, 'a')
      assert.equal(second?.turnId, 'b')
      assert.equal(first?.type, 'turn.ended')
      assert.equal(first?.status, 'completed')
      assert.equal(first?.attempts, 0)
      assert.ok(first !== undefined && second !== undefined && first.at < second.at)
    },
  },
  {
    name: 'the same happening is one event',
    run: async ({ store, write }) => {
      await write('a')
      await write('a')
      assert.deepEqual(await takeAll(store), ['a'])
      await write('a')
      assert.deepEqual(await takeAll(store), [])
    },
  },
  {
    name: 'take gives no event twice while it is taken, and again when no one said what became of it',
    run: async ({ store, another, write, advance }) => {
      await write('a')
      await write('b')
      assert.equal((await takeAll(store, 1)).length, 1)
      assert.equal((await takeAll(another())).length, 1)
      assert.deepEqual(await takeAll(store), [])
      advance(leaseMs + 1)
      assert.equal((await takeAll(another())).length, 2)
    },
  },
  {
    name: 'of many that take at once each event goes to one',
    run: async ({ store, another, write }) => {
      for (const turnId of ['a', 'b', 'c', 'd', 'e', 'f']) await write(turnId)
      const takers = [store, another(), another(), another()]
      const taken = await Promise.all(takers.map((each) => takeAll(each, 3)))
      const all = taken.flat()
      assert.equal(new Set(all).size, all.length)
      assert.deepEqual([...all, ...(await takeAll(store))].toSorted(), [
        'a',
        'b',
        'c',
        'd',
        'e',
        'f',
      ])
    },
  },
  {
    name: 'what is delivered is not due again',
    run: async ({ store, write, advance }) => {
      await write('a')
      await store.delivered(await takeOne(store))
      advance(leaseMs * 10)
      assert.deepEqual(await takeAll(store), [])
      assert.deepEqual(await store.count(), { pending: 0, dead: 0, oldestMs: 0 })
    },
  },
  {
    name: 'what failed is due after its pause, with its tries counted',
    run: async ({ store, write, advance }) => {
      await write('a')
      await store.failed(await takeOne(store), { error: 'no', retryInMs: 5_000 })
      advance(4_999)
      assert.deepEqual(await takeAll(store), [])
      advance(1)
      const [event] = await store.take({ limit: 1, leaseMs })
      assert.equal(event?.attempts, 1)
    },
  },
  {
    name: 'a dead letter is not due, is counted, and is due again when it is replayed',
    run: async ({ store, write, advance }) => {
      await write('a')
      await write('b')
      for (const { id } of await store.take({ limit: 2, leaseMs })) {
        await store.failed(id, { error: 'gone', retryInMs: null })
      }
      advance(leaseMs * 10)
      assert.deepEqual(await takeAll(store), [])
      assert.equal((await store.count()).dead, 2)
      assert.equal(await store.replay([]), 0)
      assert.equal(await store.replay(), 2)
      const again = await store.take({ limit: 2, leaseMs })
      assert.deepEqual(
        again.map(({ attempts }) => attempts),
        [0, 0],
      )
      const [first] = again
      await store.failed(first?.id ?? '', { error: 'gone', retryInMs: null })
      assert.equal(await store.replay([first?.id ?? '']), 1)
    },
  },
  {
    name: 'a failure that is told late does not bring back what was delivered',
    run: async ({ store, another, write, advance }) => {
      await write('a')
      const id = await takeOne(store)
      advance(leaseMs + 1)
      await another().delivered(await takeOne(another()))
      await store.failed(id, { error: 'late', retryInMs: 1 })
      advance(leaseMs * 10)
      assert.deepEqual(await takeAll(store), [])
    },
  },
  {
    name: 'prune deletes what was delivered long ago, bounded, and nothing else',
    run: async ({ store, write, advance }) => {
      for (const turnId of ['a', 'b', 'c']) await write(turnId)
      for (const { id } of await store.take({ limit: 3, leaseMs })) await store.delivered(id)
      await write('open')
      advance(10_000)
      assert.equal(await store.prune({ olderThanMs: 20_000, limit: 10 }), 0)
      assert.equal(await store.prune({ olderThanMs: 5_000, limit: 2 }), 2)
      assert.equal(await store.prune({ olderThanMs: 5_000, limit: 2 }), 1)
      assert.deepEqual(await takeAll(store), ['open'])
    },
  },
  {
    name: 'count says how many wait and since when',
    run: async ({ store, write, advance }) => {
      await write('a')
      advance(250)
      await write('b')
      assert.deepEqual(await store.count(), { pending: 2, dead: 0, oldestMs: 250 })
    },
  },
]
