import { expect } from 'chai'
import { beforeEach, describe, it } from 'mocha'
import { join } from 'node:path'

import type { ArtifactCatalog } from '../src/catalog/catalog.js'
import {
  createMessageArtifacts,
  parseArtifactKey,
  type ArtifactStore,
  type MessageArtifacts,
} from '../src/index.js'
import { createMemoryCatalog, createMemoryStore } from '../src/memory.js'
import { rejection, rejectsWith } from '../src/contract/subject.js'

const agent = '/agent'
const write = (name: string, content: string) => ({
  tool: 'write',
  status: 'completed',
  input: { filePath: join(agent, name), content },
})

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = []
  for await (const item of items) found.push(item)
  return found
}

describe('createMessageArtifacts with a catalog', () => {
  let now: number
  let store: ArtifactStore
  let catalog: ArtifactCatalog
  let artifacts: MessageArtifacts
  const clock = { now: () => now, sleep: () => new Promise<void>(() => {}) }
  const day = 86_400_000

  const open = (over: Partial<Parameters<typeof createMessageArtifacts>[0]> = {}) =>
    createMessageArtifacts({ store, catalog, agentDirectory: agent, clock, ...over })
  const keys = async (): Promise<string[]> => (await all(store.list())).map(({ key }) => key)

  beforeEach(() => {
    now = 1_700_000_000_000
    store = createMemoryStore({ clock: { now: () => now } })
    catalog = createMemoryCatalog({ clock: { now: () => now } })
    artifacts = open()
  })

  it('tells the files of a turn and of a conversation without going through the store', async () => {
    const blind: ArtifactStore = {
      ...store,
      list: () => {
        throw new Error('the store must not be listed')
      },
    }
    artifacts = open({ store: blind })
    await artifacts.collect({
      turnId: 1,
      conversationId: 'c',
      tools: [write('b', '1'), write('a', '2')],
    })
    now += 1
    await artifacts.collect({ turnId: 2, conversationId: 'c', tools: [write('a', '3')] })
    const names = (items: readonly { turnId: string; path: string }[]) =>
      items.map(({ turnId, path }) => `${turnId}:${path}`)
    expect(names(await all(artifacts.list(1)))).to.deep.equal(['1:a', '1:b'])
    const whole = names(await all(artifacts.listConversation('c')))
    expect(whole).to.have.members(['1:a', '1:b', '2:a'])
    expect(whole.at(-1)).to.equal('2:a')
    const [file] = await all(artifacts.list(2))
    expect(await artifacts.find(2, file?.id ?? '')).to.deep.equal(file)
    expect(await artifacts.find(1, file?.id ?? '')).to.equal(null)
    expect(await artifacts.removeConversation('c')).to.equal(3)
    expect(await all(artifacts.listConversation('c'))).to.deep.equal([])
  })

  it('has one row for a file that a later run of the same turn found changed, and the sweep takes the earlier bytes', async () => {
    await artifacts.collect({ turnId: 1, tools: [write('a', 'draft')] })
    await artifacts.collect({ turnId: 1, tools: [write('a', 'final')] })
    const [file, ...more] = await all(artifacts.list(1))
    expect(more).to.deep.equal([])
    expect(file?.sizeBytes).to.equal(5)
    expect(await keys()).to.have.length(2)
    expect((await artifacts.sweep()).bytesRemoved).to.equal(0)
    now += day
    expect(await artifacts.sweep()).to.deep.equal({ bytesRemoved: 1, rowsRemoved: 0 })
    expect(await keys()).to.deep.equal([file?.key])
  })

  it('leaves no bytes after a sweep, wherever a collection was killed', async () => {
    // A process that is killed makes no call any more, so none of its calls after the fatal one has an effect.
    for (let fatal = 1; ; fatal += 1) {
      let calls = 0
      const dying = <Target extends object>(target: Target): Target =>
        new Proxy(target, {
          get: (object, name) => {
            const value: unknown = Reflect.get(object, name)
            if (typeof value !== 'function') return value
            return (...given: unknown[]): unknown => {
              calls += 1
              return calls >= fatal ? new Promise(() => {}) : Reflect.apply(value, object, given)
            }
          },
        })
      const killed = open({ store: dying(store), catalog: dying(catalog) })
      const leave = new AbortController()
      const collected = rejection(
        killed.collect({
          turnId: 7,
          tools: [write('a', 'x'), write('b', 'y')],
          signal: leave.signal,
        }),
      ).catch(() => null)
      for (let turn = 0; turn < 200; turn += 1) await Promise.resolve()
      leave.abort(new Error('killed'))
      const outcome = await collected
      now += day
      await artifacts.sweep()
      const held = await keys()
      const rows = (await all(artifacts.list(7))).map(({ key }) => String(key))
      expect(held.toSorted()).to.deep.equal(rows.toSorted())
      if (outcome === null) break
      expect(fatal).to.be.lessThan(50)
      const { kept } = await artifacts.collect({
        turnId: 7,
        tools: [write('a', 'x'), write('b', 'y')],
      })
      expect(kept).to.have.length(2)
      await artifacts.removeAll(7)
      now += day
      await artifacts.sweep()
      expect(await keys()).to.deep.equal([])
    }
  })

  it('finds bytes without a row behind any number of files that have one', async () => {
    for (let turnId = 1; turnId <= 150; turnId += 1) {
      await artifacts.collect({ turnId, tools: [write('a', String(turnId))] })
    }
    now += 1
    const key = parseArtifactKey('uploads/of-a-killed-process')
    await catalog.announce([key])
    await store.put(key, Buffer.from('x'))
    now += day
    expect(await artifacts.sweep()).to.deep.equal({ bytesRemoved: 1, rowsRemoved: 0 })
    expect(await store.stat(key)).to.equal(null)
  })

  it('keeps no file whose row could not be written', async () => {
    const failing = { ...catalog, record: () => Promise.reject(new Error('away')) }
    const { kept, dropped } = await open({ catalog: failing }).collect({
      turnId: 1,
      tools: [write('a', 'x')],
    })
    expect(kept).to.deep.equal([])
    expect(dropped).to.have.length(1)
    expect(dropped[0]).to.include({ path: 'a', reason: 'store_failed', retryable: true })
  })

  it('stores nothing under a key while a sweep removes it', async () => {
    await artifacts.collect({ turnId: 1, tools: [write('a', 'x')] })
    await artifacts.removeAll(1)
    now += day
    await catalog.takeUnreferenced({ olderThanMs: 1, leaseMs: 1000, limit: 10 })
    const { dropped } = await artifacts.collect({ turnId: 1, tools: [write('a', 'x')] })
    expect(dropped[0]).to.include({ reason: 'store_failed', retryable: true })
  })

  it('removes rows without bytes when it is asked to look', async () => {
    const { kept } = await artifacts.collect({
      turnId: 1,
      tools: [write('a', 'x'), write('b', 'y')],
    })
    for (const { key } of kept.slice(0, 1)) await store.remove(key)
    now += day
    expect((await artifacts.sweep()).rowsRemoved).to.equal(0)
    expect((await artifacts.sweep({ checkRows: true })).rowsRemoved).to.equal(1)
    expect(await all(artifacts.list(1))).to.have.length(1)
  })

  it('removes no row whose bytes were stored again while it looked', async () => {
    const tools = Array.from({ length: 120 }, (_, index) => write(`f${index}`, String(index)))
    const limits = { maxFiles: 200 }
    const { kept } = await open({ limits }).collect({ turnId: 1, tools })
    for (const { key } of kept.slice(0, 110)) await store.remove(key)
    now += 2 * day
    const removed: number[] = []
    const counting: ArtifactCatalog = {
      ...catalog,
      removeEntries: async (entries) => {
        removed.push(entries.length)
        if (removed.length === 1)
          await open({ limits }).collect({ turnId: 1, tools: tools.slice(0, 3) })
        return catalog.removeEntries(entries)
      },
    }
    const { rowsRemoved } = await open({ catalog: counting }).sweep({ checkRows: true })
    expect(removed).to.deep.equal([100, 10])
    expect(rowsRemoved).to.equal(107)
    const found = await all(artifacts.list(1))
    expect(found).to.have.length(13)
    for (const { key } of found) expect(await store.stat(key)).to.not.equal(null)
  })

  it('refuses ids that its rows have no room for, at the door', async () => {
    const long = 'x'.repeat(256)
    for (const call of [{ turnId: long }, { turnId: 1, conversationId: long }]) {
      const refused = await rejection(artifacts.collect({ ...call, tools: [] }))
      expect(refused).to.be.instanceOf(RangeError)
    }
    const bare = createMessageArtifacts({ store, agentDirectory: agent })
    expect((await bare.collect({ turnId: long, tools: [write('a', '1')] })).kept).to.have.length(1)
  })

  it('removes nothing after its lease, when a new row may refer to it', async () => {
    await artifacts.collect({ turnId: 1, tools: [write('a', '1'), write('b', '2')] })
    await artifacts.removeAll(1)
    now += 2 * day
    let left: string[] = []
    const slow: ArtifactStore = {
      ...store,
      remove: async (key, options) => {
        const isRemoved = await store.remove(key, options)
        now += 601_000
        if (left.length > 0) return isRemoved
        left = await keys()
        await artifacts.collect({ turnId: 1, tools: [write('a', '1'), write('b', '2')] })
        return isRemoved
      },
    }
    await open({ store: slow }).sweep()
    expect(left).to.have.length(1)
    expect((await all(artifacts.list(1))).map(({ key }) => key)).to.have.members(await keys())
  })

  it('removes no rows where the store shows nothing at all', async () => {
    await artifacts.collect({ turnId: 1, tools: [write('a', '1')] })
    now += 2 * day
    const unmounted = open({ store: createMemoryStore() })
    await rejectsWith('storage_failed', unmounted.sweep({ checkRows: true }))
    expect(await all(artifacts.list(1))).to.have.length(1)
  })

  it('notes no NUL, which not every database takes', async () => {
    const { kept } = await artifacts.collect({
      turnId: 1,
      tools: [{ ...write('a', '1'), callId: 'call\0id', sessionId: 'ses\0' }],
    })
    expect(kept[0]?.provenance).to.include({ callId: 'call\ufffdid', sessionId: 'ses\ufffd' })
  })

  it('refuses a sweep that a collection might overlap, and all that it cannot know without a catalog', async () => {
    expect(await rejection(artifacts.sweep({ olderThanMs: 299_999 }))).to.be.instanceOf(RangeError)
    expect(await rejection(artifacts.sweep({ limit: 0 }))).to.be.instanceOf(RangeError)
    const bare = createMessageArtifacts({ store, agentDirectory: agent })
    await rejectsWith('unsupported', bare.sweep())
    await rejectsWith('unsupported', bare.removeConversation('c'))
    await rejectsWith('unsupported', all(bare.listConversation('c')))
  })
})
