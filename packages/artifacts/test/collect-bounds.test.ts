import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { createManualClock } from '@turnstead/testkit'
import type { RemoteReader } from '../src/collect/agent-file.js'
import {
  createMessageArtifacts,
  type MessageArtifactsOptions,
} from '../src/collect/message-artifacts.js'
import type { CollectReport } from '../src/collect/report.js'
import { createMemoryCatalog, createMemoryStore } from '../src/memory.js'
import type { ArtifactStore } from '../src/store/store.js'
import { namedBySuffix } from '../src/transforms/transform.js'
import { readText } from './support/read-text.js'
import { makeTempDir } from './support/temp-dir.js'
import { editCall, writeCall } from './support/tool-calls.js'

const never = new Promise<never>(() => {})

describe('the bounds of a collection', () => {
  let directory: string
  let remove: () => Promise<void>
  let store: ArtifactStore
  beforeEach(async () => {
    const made = await makeTempDir()
    directory = join(made.path, 'agent')
    remove = made.remove
    await mkdir(directory)
    store = createMemoryStore()
  })
  afterEach(() => remove())

  const put = async (name: string, text: string): Promise<void> =>
    writeFile(join(directory, name), text)
  const reasons = ({ dropped }: CollectReport): string[] => [
    ...new Set(dropped.map(({ reason }) => reason)),
  ]

  it('tries at most five times as many files as it may keep', async () => {
    let reads = 0
    const reader: RemoteReader = {
      read: async () => {
        reads += 1
        throw new Error('not here')
      },
    }
    const tools = Array.from({ length: 1000 }, (_, index) => editCall(`/agent/${index}.txt`))
    const artifacts = createMessageArtifacts({
      store,
      agentDirectory: '/agent',
      reader,
      limits: { maxFiles: 5 },
    })
    const report = await artifacts.collect({ turnId: 1, tools })
    expect(reads).to.equal(25)
    expect(report.dropped).to.have.length(1000)
    expect(reasons(report)).to.have.members(['unreachable', 'too_many_files'])
  })

  for (const [name, broken] of [
    ['a store whose put never ends', { put: () => never }],
    ['a store whose stat never ends', { stat: () => never }],
  ] as const satisfies readonly (readonly [string, Partial<ArtifactStore>])[]) {
    it(`ends within collectMs on ${name}`, async () => {
      await put('a.txt', 'a')
      const clock = createManualClock()
      const artifacts = createMessageArtifacts({
        store: { ...store, ...broken },
        directory,
        clock,
        limits: { collectMs: 5000 },
      })
      const tools = [writeCall('a.txt', 'a'), writeCall('b.txt', 'b')]
      const collecting = artifacts.collect({ turnId: 1, tools })
      await clock.untilPending(1)
      await clock.advance(5000)
      const report = await collecting
      expect(report.kept).to.deep.equal([])
      expect(
        report.dropped.map(({ path, reason, retryable }) => [path, reason, retryable]),
      ).to.deep.equal([
        ['a.txt', 'out_of_time', true],
        ['b.txt', 'out_of_time', true],
      ])
      expect(clock.pending).to.equal(0)
    })
  }

  it('ends at once with the reason of an abort, whatever does not heed it', async () => {
    await put('a.txt', 'a')
    const stop = new AbortController()
    const artifacts = createMessageArtifacts({ store: { ...store, put: () => never }, directory })
    const collecting = artifacts.collect({
      turnId: 1,
      tools: [writeCall('a.txt', 'a')],
      signal: stop.signal,
    })
    const reason = new Error('enough')
    setImmediate(() => stop.abort(reason))
    expect(await collecting.catch((error: unknown) => error)).to.equal(reason)
  })

  it('keeps what it has when the time is over', async () => {
    for (const name of ['a.txt', 'b.txt']) await put(name, name)
    const clock = createManualClock()
    let puts = 0
    const slow: ArtifactStore = {
      ...store,
      put: (...args) => ((puts += 1) === 1 ? store.put(...args) : never),
    }
    const artifacts = createMessageArtifacts({ store: slow, directory, clock })
    const tools = ['a.txt', 'b.txt'].map((name) => writeCall(name, ''))
    const collecting = artifacts.collect({ turnId: 1, tools })
    while (puts < 2) await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(300_000)
    const report = await collecting
    expect(report.kept.map(({ path }) => path)).to.deep.equal(['a.txt'])
    expect(reasons(report)).to.deep.equal(['out_of_time'])
  })

  it('ends half a minute later on a catalog whose rows are never written', async () => {
    await put('a.txt', 'a')
    const clock = createManualClock()
    let isRecording = false
    const record = (): Promise<never> => {
      isRecording = true
      return never
    }
    const catalog = { ...createMemoryCatalog({ clock }), record }
    const artifacts = createMessageArtifacts({ store, catalog, directory, clock })
    const collecting = artifacts.collect({ turnId: 1, tools: [writeCall('a.txt', 'a')] })
    while (!isRecording) await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(30_000)
    const report = await collecting
    expect(report.kept).to.deep.equal([])
    expect(report.dropped[0]).to.include({ reason: 'store_failed', retryable: true })
    expect(clock.pending).to.equal(0)
    // And no sweep takes the bytes meanwhile.
    const sweep = artifacts.sweep({ olderThanMs: 329_999 })
    expect(await sweep.catch((error: unknown) => error)).to.be.instanceOf(RangeError)
  })

  it('keeps what the host made, and purges what passed for it, when the time is over', async () => {
    const clock = createManualClock()
    await put('a.md.html', 'an impostor')
    const before = createMessageArtifacts({ store, directory })
    await before.collect({ turnId: 1, tools: [writeCall('a.md.html', '')] })
    for (const name of ['a.md', 'b.md']) await put(name, name)
    let isHanging = false
    const artifacts = createMessageArtifacts({
      ...{ store, directory, clock },
      transforms: [
        {
          ...{ name: 'pages', maxSourceBytes: 100 },
          ...namedBySuffix({ from: ['.md'], add: '.html' }),
          render: ({ name }) => {
            if (name === 'a.md') return Buffer.from('<p>good</p>')
            isHanging = true
            return never
          },
        },
      ],
    })
    const tools = ['a.md', 'b.md'].map((name) => writeCall(name, ''))
    const collecting = artifacts.collect({ turnId: 1, tools })
    while (!isHanging) await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(300_000)
    const report = await collecting
    expect(report.kept.map(({ path }) => path)).to.deep.equal(['a.md', 'b.md', 'a.md.html'])
    expect(reasons(report)).to.deep.equal(['out_of_time'])
    const trusted: boolean[] = []
    for await (const file of artifacts.list(1)) {
      if (file.path === 'a.md.html') trusted.push(file.trusted)
    }
    expect(trusted).to.deep.equal([true])
  })

  it('gives a file over the server longer than a timer can take', async () => {
    const reader: RemoteReader = {
      read: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        return {
          body: (async function* () {
            yield Buffer.from('late')
          })(),
        }
      },
    }
    const limits = { readTimeoutMs: 2 ** 31, collectMs: 2 ** 40 }
    const artifacts = createMessageArtifacts({ store, agentDirectory: '/agent', reader, limits })
    const { kept } = await artifacts.collect({ turnId: 1, tools: [editCall('/agent/a.txt')] })
    expect(kept).to.have.length(1)
  })

  describe('after the turn', () => {
    const settledAt = Date.now() - 60_000
    const collect = async (
      tools: readonly unknown[],
      options: Partial<MessageArtifactsOptions> = { directory },
    ): Promise<CollectReport> =>
      await createMessageArtifacts({ store, ...options }).collect({ turnId: 1, tools, settledAt })

    it('takes a file that was changed later from the tool call', async () => {
      await put('a.txt', 'of a later turn')
      const { kept, dropped } = await collect([writeCall('a.txt', 'of this turn')])
      expect(dropped).to.deep.equal([])
      expect(kept[0]?.provenance.source).to.equal('tool-input')
      expect(await readText(store, kept[0])).to.equal('of this turn')
    })

    it('drops a file that was changed later, when the tool call does not hold it', async () => {
      await put('a.txt', 'of a later turn')
      const { kept, dropped } = await collect([editCall(join(directory, 'a.txt'))])
      expect(kept).to.deep.equal([])
      expect(dropped[0]).to.include({ path: 'a.txt', reason: 'changed_later', retryable: false })
    })

    it('does not believe the time that a writer gave a file', async () => {
      await put('a.txt', 'of a later turn')
      const early = new Date(settledAt - 60_000)
      await utimes(join(directory, 'a.txt'), early, early)
      expect(reasons(await collect([editCall(join(directory, 'a.txt'))]))).to.deep.equal([
        'changed_later',
      ])
    })

    it('keeps a file as it is when nothing changed it later', async () => {
      await put('a.txt', 'formatted')
      const artifacts = createMessageArtifacts({ store, directory })
      const { kept } = await artifacts.collect({
        turnId: 1,
        tools: [writeCall('a.txt', 'draft')],
        settledAt: Date.now() + 1000,
      })
      expect(kept[0]?.provenance.source).to.equal('disk')
    })

    for (const [name, modifiedAt, expected] of [
      ['does not tell when a file was changed', undefined, 'changed_later'],
      ['tells of a later change', settledAt + 1, 'changed_later'],
      ['tells of no later change', settledAt, 'kept'],
    ] as const) {
      it(`asks a server that ${name}`, async () => {
        const reader: RemoteReader = {
          read: async () => ({
            body: (async function* () {
              yield Buffer.from('bytes')
            })(),
            modifiedAt,
          }),
        }
        const report = await collect([editCall('/agent/a.txt')], {
          agentDirectory: '/agent',
          reader,
        })
        expect(report.kept.length === 1 ? 'kept' : reasons(report)[0]).to.equal(expected)
      })
    }

    it('takes only a time for the end of a turn', async () => {
      const artifacts = createMessageArtifacts({ store, directory })
      const error: unknown = await artifacts
        .collect({ turnId: 1, tools: [], settledAt: Number.NaN })
        .catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(RangeError)
    })
  })

  it('shows no folder of the host in what it drops', async () => {
    const artifacts = createMessageArtifacts({ store, directory })
    const tools = ['/etc/passwd', `${directory}/../other/secret.txt`].map((path) => editCall(path))
    const { dropped } = await artifacts.collect({ turnId: 1, tools })
    expect(dropped.map(({ path, reason }) => [path, reason])).to.deep.equal([
      ['passwd', 'outside_directory'],
      ['secret.txt', 'outside_directory'],
    ])
  })
})
