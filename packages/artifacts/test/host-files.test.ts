import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

import type { Artifact } from '../src/catalog/artifact.js'
import type { ArtifactCatalog } from '../src/catalog/catalog.js'
import { createMemoryCatalog } from '../src/catalog/memory-catalog.js'
import {
  createMessageArtifacts,
  type MessageArtifacts,
  type MessageArtifactsOptions,
} from '../src/collect/message-artifacts.js'
import { createMemoryStore } from '../src/memory.js'
import { artifactHeaders } from '../src/serve/headers.js'
import { artifactResponse } from '../src/serve/serve.js'
import type { ArtifactStore } from '../src/store/store.js'
import { namedBySuffix, type Transform } from '../src/transforms/transform.js'
import { readText } from './support/read-text.js'
import { makeTempDir } from './support/temp-dir.js'
import { writeCall } from './support/tool-calls.js'

/** What the host makes of a `.md`. */
const page: Transform = {
  name: 'page',
  maxSourceBytes: 8,
  ...namedBySuffix({ from: ['.md'], add: '.html' }),
  render: ({ bytes, isCut }) =>
    Buffer.from(`<p>${Buffer.from(bytes).toString()}${isCut ? '…' : ''}`),
}

for (const [where, toCatalog] of [
  ['without a catalog', () => undefined],
  ['with a catalog', () => createMemoryCatalog()],
] as const) {
  describe(`files that the host makes of the agent's, ${where}`, () => {
    let directory: string
    let remove: () => Promise<void>
    let store: ArtifactStore
    let catalog: ArtifactCatalog | undefined

    beforeEach(async () => {
      const temp = await makeTempDir()
      directory = temp.path
      remove = temp.remove
      store = createMemoryStore()
      catalog = toCatalog()
    })

    afterEach(async () => remove())

    async function put(path: string, content: string): Promise<void> {
      await mkdir(dirname(join(directory, path)), { recursive: true })
      await writeFile(join(directory, path), content)
    }

    function open(options: Partial<MessageArtifactsOptions> = {}): MessageArtifacts {
      return createMessageArtifacts({ store, directory, catalog, transforms: [page], ...options })
    }

    const tools = (...paths: string[]): unknown[] => paths.map((path) => writeCall(path, ''))

    async function listed(artifacts = open()): Promise<[string, boolean, string][]> {
      const all: [string, boolean, string][] = []
      for await (const each of artifacts.list(1)) {
        all.push([each.path, each.trusted, await readText(store, each)])
      }
      return all.sort(([one], [other]) => (one < other ? -1 : 1))
    }

    it('lie beside them, trusted, with where they come from', async () => {
      await put('docs/a.md', 'hi')
      const call = { ...writeCall('docs/a.md', 'hi'), callId: 'c1', sessionId: 's1' }
      const { kept, dropped } = await open().collect({ turnId: 1, tools: [call] })
      expect(dropped).to.deep.equal([])
      const [source, made] = kept
      expect([source?.path, source?.trusted]).to.deep.equal(['docs/a.md', false])
      expect(made).to.include({ path: 'docs/a.md.html', name: 'a.md.html', trusted: true })
      expect(made?.contentType).to.equal('text/html; charset=utf-8')
      expect(made?.provenance).to.deep.equal({
        ...{ source: 'host', tool: 'page', callId: 'c1', sessionId: 's1' },
      })
      expect(await listed()).to.deep.equal([
        ['docs/a.md', false, 'hi'],
        ['docs/a.md.html', true, '<p>hi'],
      ])
      expect(await open().find(1, made?.id ?? '')).to.deep.equal(made)
    })

    it('are made once, however often they are collected', async () => {
      await put('a.md', 'hi')
      const call = { turnId: 1, tools: tools('a.md') }
      const [one, two] = await Promise.all([open().collect(call), open().collect(call)])
      expect(one).to.deep.equal(two)
      expect(await listed()).to.have.length(2)
    })

    it('read no more of a file than they ask for', async () => {
      await put('a.md', '123456789')
      await open().collect({ turnId: 1, tools: tools('a.md') })
      expect((await listed())[1]?.[2]).to.equal('<p>12345678…')
    })

    const spellings = [
      ...[
        'a.md.html',
        'A.MD.HTML',
        'a.md\u200b.html',
        'a.md.html\u202e',
        'a.ｍd.html',
        'a.md.html. ',
      ],
      ...['a\u200c.md.html', `${'x'.repeat(240)}.md.html`, 'a.md\u00ad.ht\u2060ml', 'ﬁ.md.html'],
    ]
    for (const name of spellings) {
      it(`have names that no agent can use: ${JSON.stringify(name.slice(-24))}`, async () => {
        await put(`x/${name}`, 'evil')
        const { kept, dropped } = await open().collect({ turnId: 1, tools: tools(`x/${name}`) })
        expect(kept).to.deep.equal([])
        expect(dropped.map(({ reason }) => reason)).to.deep.equal(['reserved_name'])
      })
    }

    it('take the place of what passed for them, once they are safe', async () => {
      await put('a.md', 'hi')
      await put('A.md.HTML', 'evil')
      await put('a.md.html', '<p>hi')
      await put('b.md.html', 'stays')
      const before = open({ transforms: [] })
      await before.collect({ turnId: 1, tools: tools('a.md.html', 'A.md.HTML', 'b.md.html') })
      await before.collect({ turnId: 2, tools: tools('a.md.html') })
      await open().collect({ turnId: 1, tools: tools('a.md') })
      expect(await listed()).to.deep.equal([
        ['a.md', false, 'hi'],
        ['a.md.html', true, '<p>hi'],
        ['b.md.html', false, 'stays'],
      ])
      const other: Artifact[] = []
      for await (const each of open().list(2)) other.push(each)
      expect(other.map(({ trusted }) => trusted)).to.deep.equal([false])
    })

    it('leave what passes for them while they cannot be made or stored', async () => {
      await put('a.md', 'hi')
      await put('c.md', 'hi')
      await put('a.md.html', 'evil')
      await open({ transforms: [] }).collect({ turnId: 1, tools: tools('a.md.html') })
      const reason = new Error('no')
      const failing: Transform = {
        ...page,
        render: ({ name }) => {
          if (name === 'a.md') throw reason
          return Buffer.from('good')
        },
      }
      const call = { turnId: 1, tools: tools('a.md', 'c.md') }
      const { kept, dropped } = await open({ transforms: [failing] }).collect(call)
      expect(kept.map(({ path }) => path)).to.deep.equal(['a.md', 'c.md', 'c.md.html'])
      expect(dropped).to.deep.equal([
        {
          path: 'a.md.html',
          reason: 'transform_failed',
          tool: 'page',
          retryable: false,
          cause: reason,
        },
      ])
      const full: ArtifactStore = {
        ...store,
        put: async (key, source, options) => {
          if (options?.metadata?.['source'] === 'host') throw new Error('disk full')
          return store.put(key, source, options)
        },
      }
      await put('d.md', 'hi')
      await put('d.md.html', 'evil')
      await open({ transforms: [] }).collect({ turnId: 1, tools: tools('d.md.html') })
      const later = await open({ store: full }).collect({ turnId: 1, tools: tools('d.md') })
      expect(later.dropped.map((each) => [each.path, each.reason, each.retryable])).to.deep.equal([
        ['d.md.html', 'store_failed', true],
      ])
      const evil = (await listed()).filter(([, , text]) => text === 'evil')
      expect(evil.map(([path]) => path)).to.deep.equal(['a.md.html', 'd.md.html'])
    })

    it('must have a name that the host owns', async () => {
      await put('a.md', 'hi')
      const greedy: Transform = { ...page, destinationOf: () => 'a.txt' }
      const { kept, dropped } = await open({ transforms: [greedy] }).collect({
        ...{ turnId: 1, tools: tools('a.md') },
      })
      expect(kept.map(({ path }) => path)).to.deep.equal(['a.md'])
      expect(dropped[0]).to.include({ path: 'a.md', reason: 'transform_failed' })
    })

    it('can be the turn’s result', async () => {
      await put('a.md', 'hi')
      const call = { turnId: 1, tools: tools('a.md'), outputFile: 'a.md.html' }
      const { outputFile } = await open().collect(call)
      expect(outputFile?.artifact).to.include({ path: 'a.md.html', trusted: true })
    })

    it('are never shown by the storage, which sends no policy with them', async () => {
      await put('a.md', 'hi')
      const { kept } = await open().collect({ turnId: 1, tools: tools('a.md') })
      const signing: ArtifactStore = { ...store, signUrl: async () => 'https://storage.example/' }
      const statuses = []
      for (const { key } of kept) {
        for (const disposition of ['attachment', 'inline'] as const) {
          const response = await artifactResponse(new Request('http://app.example/'), {
            ...{ store: signing, key, disposition, hostPages: true },
            redirect: { expiresInMs: 1000 },
          })
          statuses.push(response.status)
          await response.body?.cancel()
        }
      }
      expect(statuses).to.deep.equal([302, 302, 302, 200])
    })

    it('are shown as pages when the host wants it, and nothing else ever is', async () => {
      await put('a.md', 'hi')
      await put('b.html', '<script>')
      const { kept } = await open().collect({ turnId: 1, tools: tools('a.md', 'b.html') })
      const headers = []
      for (const { key, path } of kept) {
        const stat = await store.stat(key)
        if (stat === null) throw new Error('It was just stored.')
        for (const hostPages of [false, true]) {
          const all = artifactHeaders(stat, { disposition: 'inline', hostPages })
          headers.push([path, hostPages, all['content-type'], all['content-security-policy']])
        }
      }
      const closed = "sandbox; default-src 'none'"
      const plain = 'application/octet-stream'
      expect(headers.filter(([path]) => path !== 'a.md')).to.deep.equal([
        ['b.html', false, plain, closed],
        ['b.html', true, plain, closed],
        ['a.md.html', false, plain, closed],
        ['a.md.html', true, 'text/html; charset=utf-8', `${closed}; style-src 'unsafe-inline'`],
      ])
    })
  })
}
