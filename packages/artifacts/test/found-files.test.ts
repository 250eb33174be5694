import { createHash } from 'node:crypto'
import { link, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

import type { CollectOptions } from '../src/collect/collect-options.js'
import {
  createMessageArtifacts,
  type MessageArtifactsOptions,
} from '../src/collect/message-artifacts.js'
import { toReportSummary } from '../src/collect/report.js'
import { createMemoryStore } from '../src/memory.js'
import { makeTempDir } from './support/temp-dir.js'
import { writeCall } from './support/tool-calls.js'

describe('files that no tool call names', () => {
  let directory: string
  let remove: () => Promise<void>

  beforeEach(async () => {
    const temp = await makeTempDir()
    directory = temp.path
    remove = temp.remove
  })

  afterEach(async () => remove())

  async function put(path: string, content = path): Promise<void> {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
  }

  /** What is kept and dropped, in short. */
  async function collect(
    call: Partial<CollectOptions> = {},
    options: Partial<MessageArtifactsOptions> = {},
  ): Promise<{ kept: string[]; dropped: string[]; output?: string }> {
    const artifacts = createMessageArtifacts({
      ...{ store: createMemoryStore(), directory, scan: true },
      ...options,
    })
    const report = await artifacts.collect({ turnId: 1, tools: [], startedAt: longAgo, ...call })
    const { outputFile } = report
    return {
      kept: report.kept.map(({ path }) => path),
      dropped: report.dropped.map(({ path, reason }) => `${path ?? '-'}: ${reason}`),
      ...(outputFile === undefined
        ? {}
        : { output: outputFile.artifact?.path ?? outputFile.reason ?? '' }),
    }
  }

  const longAgo = Date.now() - 60_000
  const later = (): number => Date.now() + 60_000

  it('are kept from any folder, those that are named first', async () => {
    await put('b.txt')
    await put('deep/er/c.txt')
    await put('a.txt')
    const tools = [writeCall('deep/er/c.txt', '')]
    expect(await collect({ tools })).to.deep.equal({
      kept: ['deep/er/c.txt', 'a.txt', 'b.txt'],
      dropped: [],
    })
  })

  it('are noted as of no known tool', async () => {
    await put('a.txt')
    const options = { store: createMemoryStore(), directory, scan: true }
    const { kept } = await createMessageArtifacts(options).collect({
      ...{ turnId: 1, tools: [], startedAt: longAgo },
    })
    expect(kept[0]?.provenance).to.deep.equal({
      ...{ source: 'disk', tool: 'unknown', callId: null, sessionId: null },
    })
  })

  it('are looked for only where the host asks for it, and when the turn is known to have begun', async () => {
    await put('a.txt')
    expect(await collect({}, { scan: false })).to.deep.equal({ kept: [], dropped: [] })
    expect(await collect({ startedAt: undefined })).to.deep.equal({ kept: [], dropped: [] })
  })

  it('are looked for since the first of the calls began, where the calls say it', async () => {
    await put('a.txt')
    const bash = (startedAt: unknown): unknown => ({ tool: 'bash', status: 'error', startedAt })
    const since = async (...starts: unknown[]): Promise<string[]> => {
      const tools = [null, ...starts.map(bash)]
      return (await collect({ tools, startedAt: undefined })).kept
    }
    expect(await since(later(), longAgo, null)).to.deep.equal(['a.txt'])
    expect(await since(later())).to.deep.equal([])
    expect(await since('1', Number.NaN)).to.deep.equal([])
  })

  it('are those of the turn, and not what was there before', async () => {
    await put('a.txt')
    expect((await collect({ startedAt: later() })).kept).to.deep.equal([])
  })

  it('count when the time of their content was set back, as by an archive', async () => {
    await put('a.txt')
    await utimes(join(directory, 'a.txt'), 0, 0)
    expect((await collect()).kept).to.deep.equal(['a.txt'])
  })

  it('are not a later turn’s', async () => {
    await put('a.txt')
    expect(await collect({ settledAt: longAgo + 1 })).to.deep.equal({ kept: [], dropped: [] })
  })

  it('follow a shell that moves and removes what a tool wrote', async () => {
    await put('old.txt')
    await put('gone.txt')
    await rename(join(directory, 'old.txt'), join(directory, 'new.txt'))
    await rm(join(directory, 'gone.txt'))
    const tools = [writeCall('old.txt', 'draft'), writeCall('gone.txt', 'draft')]
    expect(await collect({ tools })).to.deep.equal({
      kept: ['new.txt'],
      dropped: ['old.txt: missing', 'gone.txt: missing'],
    })
  })

  it('are not looked for in what is no work of the turn', async () => {
    await put('node_modules/a/index.js')
    await put('.git/HEAD')
    await put('.cache/x')
    await put('src/venv/x')
    await put('src/environment.txt')
    expect((await collect()).kept).to.deep.equal(['src/environment.txt'])
  })

  it('are passed over by the host’s own rules, .git always', async () => {
    await put('.git/HEAD')
    await put('.env')
    await put('out/a.txt')
    const scan = { ignore: (path: string): boolean => path === 'out' }
    expect((await collect({}, { scan })).kept).to.deep.equal(['.env'])
    const changes = [join(directory, 'out/a.txt'), '.git/HEAD', '.env']
    expect((await collect({ changes, startedAt: undefined }, { scan })).kept).to.deep.equal([
      '.env',
    ])
  })

  it('are never reached through a link, nor read when they have a second name', async () => {
    const outside = await makeTempDir()
    await writeFile(join(outside.path, 'secret.txt'), 'secret')
    await put('a.txt')
    await symlink(outside.path, join(directory, 'folder'))
    await symlink(join(outside.path, 'secret.txt'), join(directory, 'link.txt'))
    await link(join(outside.path, 'secret.txt'), join(directory, 'other-name.txt'))
    const report = await collect()
    await outside.remove()
    expect(report).to.deep.equal({
      kept: ['a.txt'],
      dropped: ['folder: symlink', 'link.txt: symlink', 'other-name.txt: hard_link'],
    })
  })

  it('are dropped, with the reason, beyond the bounds of the search', async () => {
    await put('a.txt')
    await put('b/b.txt')
    await put('b/c/c.txt')
    expect(await collect({}, { scan: { maxDepth: 1 } })).to.deep.equal({
      kept: ['a.txt', 'b/b.txt'],
      dropped: ['b/c: not_scanned'],
    })
    expect(await collect({}, { scan: { maxEntries: 2 } })).to.deep.equal({
      kept: ['a.txt'],
      dropped: ['b: not_scanned'],
    })
    const { kept, dropped } = await collect({}, { scan: { maxEntries: 0 } })
    expect([kept, dropped]).to.deep.equal([[], ['-: not_scanned']])
  })

  it('come from what the server saw change, too', async () => {
    await put('a.txt')
    const changes = [join(directory, 'a.txt'), 'gone.txt', '/etc/passwd']
    expect(await collect({ changes, startedAt: undefined })).to.deep.equal({
      kept: ['a.txt'],
      dropped: ['passwd: outside_directory', 'gone.txt: missing'],
    })
  })

  it('leave out an upload that is as it was placed, and keep one that was changed', async () => {
    await put('uploads/same.csv', '1')
    await put('uploads/changed.csv', '2')
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
    const uploads = [
      { path: 'uploads/same.csv', sha256: sha256('1') },
      { path: 'uploads/changed.csv', sha256: sha256('1') },
    ]
    expect(await collect({ uploads })).to.deep.equal({
      kept: ['uploads/changed.csv'],
      dropped: ['uploads/same.csv: unchanged_upload'],
    })
  })

  it('share one limit of bytes with all others', async () => {
    await put('a.txt', '12345')
    await put('b.txt', '123456')
    await put('c.txt', '12345')
    const limits = { maxTotalBytes: 10, maxFileBytes: 8 }
    expect(await collect({}, { limits })).to.deep.equal({
      kept: ['a.txt', 'c.txt'],
      dropped: ['b.txt: total_too_large'],
    })
  })

  it('cost nothing that is named when the search fails or has no time left', async () => {
    await put('a.txt')
    const tools = [writeCall('a.txt', '')]
    const rule = new Error('The rule of the host failed.')
    const broken = {
      ignore: (): boolean => {
        throw rule
      },
    }
    expect(await collect({ tools }, { scan: broken })).to.deep.equal({
      kept: ['a.txt'],
      dropped: ['-: not_scanned'],
    })
    const clock = createManualClock(0)
    const slow = {
      ignore: (): boolean => {
        void clock.advance(1000)
        return false
      },
    }
    const options = { scan: slow, clock, limits: { collectMs: 500 } }
    expect(await collect({ tools }, options)).to.deep.equal({
      kept: [],
      dropped: ['-: not_scanned', 'a.txt: out_of_time'],
    })
  })

  it('end with the reason of an abort', async () => {
    await put('a.txt')
    const stop = new AbortController()
    const reason = new Error('stopped')
    const ignore = (): boolean => {
      stop.abort(reason)
      return false
    }
    const failed = await collect({ signal: stop.signal }, { scan: { ignore } }).catch(
      (error: unknown) => error,
    )
    expect(failed).to.equal(reason)
  })

  it('refuses bounds and moments that are none', async () => {
    for (const scan of [{ maxEntries: -1 }, { maxDepth: 0.5 }, { maxMs: Number.NaN }]) {
      expect(() =>
        createMessageArtifacts({ store: createMemoryStore(), directory, scan }),
      ).to.throw(RangeError, 'scan.')
    }
    const failed = await collect({ startedAt: Number.NaN }).catch((error: unknown) => error)
    expect(failed).to.be.instanceOf(RangeError)
  })

  it('leave a short form of the report, without the causes', async () => {
    await put('a.txt', 'aa')
    const artifacts = createMessageArtifacts({ store: createMemoryStore(), directory, scan: true })
    const tools = [writeCall('gone.txt', '')]
    const report = await artifacts.collect({ turnId: 1, tools, startedAt: longAgo })
    expect(report.dropped[0]).to.have.property('cause')
    expect(toReportSummary(report)).to.deep.equal({
      kept: 1,
      keptBytes: 2,
      dropped: [{ path: 'gone.txt', reason: 'missing', tool: 'write', retryable: false }],
    })
  })

  describe('the result file', () => {
    it('is the file of that name, kept before all others', async () => {
      await put('a.txt')
      await put('z.txt')
      const call = { outputFile: join(directory, 'z.txt') }
      const limits = { maxFiles: 1 }
      expect(await collect(call, { limits })).to.deep.equal({
        ...{ kept: ['z.txt'], dropped: ['a.txt: too_many_files'], output: 'z.txt' },
      })
    })

    it('is believed without a search when the disk shows that it is the turn’s', async () => {
      await put('z.txt')
      const call = { outputFile: 'z.txt' }
      expect((await collect(call, { scan: false })).output).to.equal('z.txt')
      const before = await collect({ ...call, startedAt: later() }, { scan: false })
      expect(before).to.deep.equal({ kept: [], dropped: [], output: 'not_in_turn' })
      const unknown = await collect({ ...call, startedAt: undefined }, { scan: false })
      expect(unknown.output).to.equal('not_in_turn')
    })

    it('is none when it is missing, outside, or refused', async () => {
      await put('big.txt')
      await symlink('big.txt', join(directory, 'link.txt'))
      const reasons = []
      for (const outputFile of ['gone.txt', '../out.txt', '', 'link.txt', 'big.txt', 'big.txt/x']) {
        const limits = { maxFileBytes: 3 }
        reasons.push((await collect({ outputFile }, { limits, scan: false })).output)
      }
      expect(reasons).to.deep.equal([
        ...['missing', 'outside_directory', 'invalid_path', 'symlink', 'too_large', 'missing'],
      ])
    })
  })

  describe('over the server', () => {
    const files = new Map([
      ['made/x.txt', 'x'],
      ['moved.txt', 'm'],
    ])
    const reader = {
      read: async (path: string) => {
        const text = files.get(path)
        if (text === undefined) throw new Error('HTTP 500')
        return { body: bytesOf(text) }
      },
      list: async (folder: string) => {
        const entries = new Set<string>()
        const prefix = folder === '' ? '' : `${folder}/`
        for (const path of files.keys()) {
          if (!path.startsWith(prefix)) continue
          const [first = '', ...rest] = path.slice(prefix.length).split('/')
          entries.add(prefix + first + (rest.length > 0 ? '/' : ''))
        }
        if (entries.size === 0) throw new Error('HTTP 500')
        return [...entries].map((path) => ({ path }))
      },
    }
    const far = { directory: undefined, agentDirectory: '/workspace', reader }

    it('come from what it saw change, and what a listing does not show is gone', async () => {
      const tools = ['a.txt', 'made/y.txt', 'gone/deep/z.txt'].map((path) =>
        writeCall(path, 'draft'),
      )
      const changes = ['/workspace/made/x.txt', '/workspace/moved.txt']
      expect(await collect({ tools, changes }, far)).to.deep.equal({
        kept: ['made/x.txt', 'moved.txt'],
        dropped: ['a.txt: missing', 'made/y.txt: missing', 'gone/deep/z.txt: missing'],
      })
    })

    it('leave the tool’s text where nothing tells that the file is gone', async () => {
      const tools = [writeCall('a.txt', 'draft')]
      const { read } = reader
      expect((await collect({ tools }, { ...far, reader: { read } })).kept).to.deep.equal(['a.txt'])
      const list = async (): Promise<never> => Promise.reject(new Error('HTTP 500'))
      const broken = await collect({ tools }, { ...far, reader: { read, list } })
      expect(broken.kept).to.deep.equal(['a.txt'])
    })
  })
})

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
