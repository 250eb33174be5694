import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { link, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sinon from 'sinon'

import type { RemoteReader } from '../src/collect/agent-file.js'
import { createMemoryStore } from '../src/memory.js'
import {
  createMessageArtifacts,
  type MessageArtifactsOptions,
} from '../src/collect/message-artifacts.js'
import type { ArtifactStore } from '../src/store/store.js'
import type { ToolRecord } from '../src/collect/tool-record.js'
import { readText } from './support/read-text.js'
import { makeTempDir } from './support/temp-dir.js'
import { rejectionOf } from './support/thrown.js'
import { editCall, patchCall, writeCall } from './support/tool-calls.js'

describe('what createMessageArtifacts does not keep', () => {
  let temp: string
  let directory: string
  let remove: () => Promise<void>
  let store: ArtifactStore

  beforeEach(async () => {
    const made = await makeTempDir()
    temp = made.path
    remove = made.remove
    directory = join(temp, 'agent')
    await mkdir(directory)
    store = createMemoryStore()
  })

  afterEach(async () => remove())

  async function put(path: string, content: string): Promise<void> {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
  }

  async function drops(
    tools: readonly ToolRecord[],
    options: Partial<MessageArtifactsOptions> = {},
  ): Promise<[string | null, string][]> {
    const artifacts = createMessageArtifacts({ store, directory, ...options })
    const { dropped } = await artifacts.collect({ turnId: 1, tools })
    return dropped.map(({ path, reason }) => [path, reason])
  }

  it('reports paths that lead out of the directory, in every spelling', async () => {
    await mkdir(`${directory}-2`)
    await writeFile(join(`${directory}-2`, 'a.txt'), 'secret')
    const paths = [
      '../agent-2/a.txt',
      'sub/../../agent-2/a.txt',
      `${directory}-2/a.txt`,
      `${directory}/../agent-2/a.txt`,
      '/etc/passwd',
      '..',
    ]
    const reasons = await drops(paths.map((path) => writeCall(path, 'x')))
    expect(reasons.map(([, reason]) => reason)).to.deep.equal(paths.map(() => 'outside_directory'))
  })

  it('reports paths that no file can have', async () => {
    const paths = ['a\0b', '.', directory, 'sub/', '\ud800', 'x'.repeat(1025), 'y'.repeat(300)]
    const reasons = await drops(paths.map((path) => writeCall(path, 'x')))
    expect(reasons.map(([, reason]) => reason)).to.deep.equal(paths.map(() => 'invalid_path'))
  })

  it('reports calls that do not say what they changed', async () => {
    const records: ToolRecord[] = [
      { tool: 'write', status: 'completed', input: null, metadata: 7 },
      { tool: 'edit', status: 'completed', input: { filePath: 5 } },
      { tool: 'apply_patch', status: 'completed', input: {}, metadata: {} },
      { tool: 'apply_patch', status: 'completed', metadata: { files: ['a', { type: 'add' }] } },
    ]
    expect(await drops(records)).to.deep.equal(
      records.flatMap((_, index) =>
        Array.from({ length: index === 3 ? 2 : 1 }, () => [null, 'unknown_path']),
      ),
    )
  })

  it('reports links, second names, folders and files that are gone', async () => {
    await writeFile(join(temp, 'secret'), 'secret')
    await symlink(join(temp, 'secret'), join(directory, 'link'))
    await link(join(temp, 'secret'), join(directory, 'hard'))
    await symlink(temp, join(directory, 'out'))
    await mkdir(join(directory, 'folder'))
    const paths = ['link', 'hard', 'out/secret', 'folder', 'gone', 'folder/gone', 'hard/x']
    expect(await drops(paths.map((path) => writeCall(path, 'x')))).to.deep.equal([
      ['link', 'symlink'],
      ['hard', 'hard_link'],
      ['out/secret', 'symlink'],
      ['folder', 'not_a_file'],
      ['gone', 'missing'],
      ['folder/gone', 'missing'],
      ['hard/x', 'missing'],
    ])
  })

  it('keeps at most maxFiles, always the first ones, and counts only kept ones', async () => {
    for (const name of ['a', 'b', 'c']) await put(name, name)
    const tools = ['gone', 'a', 'b', 'c', 'a'].map((name) => writeCall(name, ''))
    const limits = { maxFiles: 2 }
    expect(await drops(tools, { limits })).to.deep.equal([
      ['gone', 'missing'],
      ['c', 'too_many_files'],
    ])
  })

  it('reports files over maxFileBytes, from disk, server and input alike', async () => {
    await put('a', '123456')
    const limits = { maxFileBytes: 5 }
    expect(await drops([writeCall('a', '')], { limits })).to.deep.equal([['a', 'too_large']])
    const reader: RemoteReader = { read: async () => new Response('123456') }
    const away = { directory: undefined, agentDirectory: '/w', limits }
    expect(await drops([writeCall('a', '')], { ...away, reader })).to.deep.equal([
      ['a', 'too_large'],
    ])
    expect(await drops([writeCall('a', '123456')], away)).to.deep.equal([['a', 'too_large']])
  })

  it('never lets the agent take a name of the host, however it is spelt', async () => {
    const names = [
      'report.html',
      'REPORT.HTML',
      'sub/Report.html',
      'report\u200b.html',
      're\u200dport.html',
    ]
    const wide = 'ｒｅｐｏｒｔ.html'
    for (const name of [...names, wide, 'report.html.txt']) await put(name, 'x')
    const tools = [...names, wide, 'report.html.txt'].map((name) => writeCall(name, ''))
    const reasons = await drops(tools, { reservedNames: ['Report.html'] })
    expect(reasons).to.have.length(6)
    expect(new Set(reasons.map(([, reason]) => reason))).to.deep.equal(new Set(['reserved_name']))
  })

  it('drops everything when the directory itself is a link or a file', async () => {
    await put('a', 'x')
    await symlink(directory, join(temp, 'linked'))
    await writeFile(join(temp, 'file'), '')
    for (const name of ['linked', 'file']) {
      const options = { directory: join(temp, name) }
      expect(await drops([writeCall('a', 'x')], options)).to.deep.equal([['a', 'unsafe_directory']])
    }
  })

  it('reads over the server when the disk is not there, and says so', async () => {
    const read = sinon.fake(async (_path: string) => new Response('from the server'))
    const artifacts = createMessageArtifacts({
      store,
      directory: join(temp, 'absent'),
      agentDirectory: '/workspace',
      reader: { read },
    })
    const tools = [editCall('/workspace/sub/a.txt'), editCall('b.txt')]
    const { kept } = await artifacts.collect({ turnId: 1, tools })
    expect(kept.map((each) => [each.path, each.provenance.source])).to.deep.equal([
      ['sub/a.txt', 'server'],
      ['b.txt', 'server'],
    ])
    expect(read.args.map(([path]) => path)).to.deep.equal(['sub/a.txt', 'b.txt'])
    expect(await readText(store, kept[0])).to.equal('from the server')
  })

  it('falls back to the input of write when nothing else gives the bytes, and says so', async () => {
    const reader: RemoteReader = { read: sinon.fake.rejects(new Error('500')) }
    const artifacts = createMessageArtifacts({ store, agentDirectory: '/w', reader })
    const tools = [
      writeCall('/w/a.txt', 'whole'),
      writeCall('/w/b.txt', 'stale'),
      editCall('/w/b.txt'),
      patchCall('/w', [{ type: 'add', path: 'c.txt' }]),
    ]
    const { kept, dropped } = await artifacts.collect({ turnId: 1, tools })
    expect(kept.map((each) => [each.path, each.provenance.source])).to.deep.equal([
      ['a.txt', 'tool-input'],
    ])
    expect(await readText(store, kept[0])).to.equal('whole')
    expect(dropped.map(({ path, reason, retryable }) => [path, reason, retryable])).to.deep.equal([
      ['b.txt', 'unreachable', true],
      ['c.txt', 'unreachable', true],
    ])
    expect(dropped[0]?.cause).to.have.property('message', '500')
  })

  it('stores no mixture of two versions of a file that is too large to keep in memory', async () => {
    const versions = [1, 2, 3, 3].map((byte) => Buffer.alloc(2_000_000, byte))
    const read = sinon.fake(async () => new Response(versions.shift()))
    const artifacts = createMessageArtifacts({ store, agentDirectory: '/w', reader: { read } })
    const { kept } = await artifacts.collect({ turnId: 1, tools: [editCall('/w/a.bin')] })
    expect(kept.map((each) => each.sizeBytes)).to.deep.equal([2_000_000])
    expect(await readText(store, kept[0])).to.equal('\u0003'.repeat(2_000_000))
    expect(read.callCount).to.equal(4)
  })

  it('gives up a file that is another one at every reading', async () => {
    let version = 0
    const read = sinon.fake(async () => new Response(Buffer.alloc(2_000_000, (version += 1))))
    const options = { directory: undefined, agentDirectory: '/w', reader: { read } }
    expect(await drops([editCall('/w/a.bin')], options)).to.deep.equal([['a.bin', 'changing']])
    expect(read.callCount).to.equal(6)
    for await (const stat of store.list()) expect.fail(`stored ${stat.key}`)
  })

  it('goes on with the other files when the store refuses one, and keeps the cause', async () => {
    for (const name of ['a', 'b']) await put(name, name)
    const cause = new Error('disk full')
    const failing: ArtifactStore = {
      ...store,
      put: sinon.fake(async (...args: Parameters<ArtifactStore['put']>) => {
        if (args[2]?.metadata?.['name'] === 'a') throw cause
        return store.put(...args)
      }),
    }
    const artifacts = createMessageArtifacts({ store: failing, directory })
    const tools = [writeCall('a', ''), writeCall('b', '')]
    const { kept, dropped } = await artifacts.collect({ turnId: 1, tools })
    expect(kept.map((each) => each.path)).to.deep.equal(['b'])
    expect(dropped).to.deep.equal([
      { path: 'a', reason: 'store_failed', tool: 'write', retryable: true, cause },
    ])
  })

  it('treats a file that the disk fails to read as out of reach', async function () {
    if (process.platform !== 'linux') {
      console.warn('Skipped: only Linux has a file whose first byte cannot be read.')
      this.skip()
    }
    const options = { directory: `/proc/${process.pid}` }
    expect(await drops([editCall('mem')], options)).to.deep.equal([['mem', 'unreachable']])
  })

  it('rejects when it is aborted in the middle, and keeps what it had', async () => {
    for (const name of ['a', 'b']) await put(name, name)
    const controller = new AbortController()
    const reason = new Error('stopped')
    const stopping: ArtifactStore = {
      ...store,
      put: async (...args) => {
        const stat = await store.put(...args)
        controller.abort(reason)
        return stat
      },
    }
    const artifacts = createMessageArtifacts({ store: stopping, directory })
    const tools = [writeCall('a', ''), writeCall('b', '')]
    const call = { turnId: 1, tools, signal: controller.signal }
    expect(await rejectionOf(artifacts.collect(call))).to.equal(reason)
    const again = createMessageArtifacts({ store, directory })
    expect((await again.collect({ turnId: 1, tools })).kept).to.have.length(2)
  })

  it('shows no invisible characters in names and paths', async () => {
    const path = 'sub\u202e/in\u202evoice\u0007gpj.exe'
    await put(path, 'x')
    const artifacts = createMessageArtifacts({ store, directory })
    const { kept } = await artifacts.collect({ turnId: 1, tools: [writeCall(path, '')] })
    expect(kept[0]).to.include({ path: 'sub/invoicegpj.exe', name: 'invoicegpj.exe' })
    await rm(join(directory, path))
    expect(await drops([writeCall(path, '')])).to.deep.equal([['sub/invoicegpj.exe', 'missing']])
  })

  it('refuses options that cannot work, with a mistake that names them', async () => {
    expect(() => createMessageArtifacts({ store })).to.throw(TypeError, '`directory`')
    const limits = { maxFiles: -1 }
    expect(() => createMessageArtifacts({ store, directory, limits })).to.throw(
      RangeError,
      '`limits.maxFiles`',
    )
    const call = createMessageArtifacts({ store, directory }).collect({ turnId: '', tools: [] })
    expect(await rejectionOf(call)).to.be.an.instanceOf(TypeError)
  })

  for (const [name, answer] of [
    ['does not answer', (): Promise<never> => new Promise(() => undefined)],
    [
      'is cut off by the time limit of its client',
      (): Promise<never> => Promise.reject(Object.assign(new Error(), { code: 'timeout' })),
    ],
  ] as const) {
    it(`asks a server that ${name} for two files, not for all of them`, async () => {
      const read = sinon.spy(answer)
      const paths = Array.from({ length: 12 }, (_, index) => `${index}.txt`)
      const reasons = await drops(
        paths.map((path) => editCall(path)),
        {
          directory: undefined,
          agentDirectory: '/agent',
          reader: { read },
          limits: { readTimeoutMs: 5 },
        },
      )
      expect(reasons).to.deep.equal(paths.map((path) => [path, 'unreachable']))
      expect(read.callCount).to.equal(2)
    })
  }
})
