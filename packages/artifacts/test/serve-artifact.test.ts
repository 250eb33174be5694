import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { serveArtifact, serveArtifactTo, type ArtifactStore } from '../src/index.js'
import { createMemoryStore } from '../src/memory.js'
import { parseArtifactKey } from '../src/store/key.js'

const key = parseArtifactKey('a/b')

describe('serveArtifact', () => {
  const open = async (): Promise<ArtifactStore> => {
    const store = createMemoryStore()
    await store.put(key, Buffer.from('hello'), { metadata: { name: 'a.txt' } })
    return store
  }

  it('cannot be made without someone who decides', async () => {
    const store = await open()
    expect(() => serveArtifact({ store } as never)).to.throw(TypeError, 'authorize')
    expect(() => serveArtifactTo({ store } as never)).to.throw(TypeError, 'authorize')
  })

  it('answers those who may have the file, and tells the others no more than of one that is not there', async () => {
    const store = await open()
    const serve = serveArtifact({
      store,
      authorize: ({ headers }) => {
        if (headers.get('x-user') !== 'me') return null
        return { key: headers.get('x-key') ?? key, name: 'mine.txt' }
      },
    })
    const ask = (headers: Record<string, string>) =>
      serve(new Request('http://h.test/', { headers }))
    const mine = await ask({ 'x-user': 'me', range: 'bytes=1-2' })
    expect(mine.status).to.equal(206)
    expect(await mine.text()).to.equal('el')
    expect(mine.headers.get('content-disposition')).to.equal('attachment; filename="mine.txt"')
    const refused = await ask({ 'x-user': 'you' })
    const absent = await ask({ 'x-user': 'me', 'x-key': 'none' })
    for (const answer of [refused, absent]) expect(answer.status).to.equal(404)
    expect([...refused.headers]).to.deep.equal([...absent.headers])
  })

  it('does the same on a server of Node', async () => {
    const serve = serveArtifactTo({
      store: await open(),
      authorize: ({ url }) => (url === '/mine' ? { key } : null),
    })
    const server = createServer((request, response) => void serve(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const mine = await fetch(`http://127.0.0.1:${port}/mine`)
    expect(await mine.text()).to.equal('hello')
    expect((await fetch(`http://127.0.0.1:${port}/yours`)).status).to.equal(404)
    await new Promise((resolve) => server.close(resolve))
  })

  it('sends large files to the storage, where it can sign for them', async () => {
    const store = await open()
    const seen: unknown[] = []
    const signing: ArtifactStore = {
      ...store,
      capabilities: [...store.capabilities, 'sign-url'],
      signUrl: async (_key, { expiresInMs, contentDisposition, contentType }) => {
        seen.push({ expiresInMs, contentDisposition, contentType })
        return 'https://bucket.test/signed'
      },
    }
    const ask = (fromBytes: number, init: RequestInit = {}, from: ArtifactStore = signing) =>
      serveArtifact({
        store: from,
        authorize: () => ({ key, name: 'page.html' }),
        redirect: { expiresInMs: 60_000, fromBytes },
      })(new Request('http://h.test/', init))
    const sent = await ask(5)
    expect(sent.status).to.equal(302)
    expect(sent.headers.get('location')).to.equal('https://bucket.test/signed')
    expect(sent.headers.get('cache-control')).to.equal('no-store')
    expect(seen).to.deep.equal([
      {
        expiresInMs: 60_000,
        contentDisposition: 'attachment; filename="page.html"',
        contentType: 'application/octet-stream',
      },
    ])
    expect((await ask(6)).status).to.equal(200)
    expect((await ask(5, { method: 'HEAD' })).status).to.equal(200)
    const tag = (await ask(6)).headers.get('etag') ?? ''
    expect((await ask(5, { headers: { 'if-none-match': tag } })).status).to.equal(304)
    expect((await ask(5, {}, store)).status).to.equal(200)
  })
})
