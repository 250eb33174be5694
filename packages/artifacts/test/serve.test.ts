import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createServer, type Server } from 'node:http'

import { parseArtifactKey } from '../src/key.js'
import { createMemoryStore } from '../src/memory.js'
import { sendArtifact } from '../src/serve.js'
import type { ArtifactStore } from '../src/store.js'

describe('sendArtifact', () => {
  let store: ArtifactStore
  let server: Server
  let url: string

  beforeEach(async () => {
    store = createMemoryStore()
    await store.put(parseArtifactKey('a'), new TextEncoder().encode('0123456789'), {
      contentType: 'text/html',
      metadata: { name: 'page.html' },
    })
    await store.put(parseArtifactKey('b'), new TextEncoder().encode('plain'), {
      metadata: { name: 'Bericht für 漢字.txt' },
    })
    server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
      const disposition = searchParams.has('inline') ? 'inline' : 'attachment'
      const key = decodeURIComponent(pathname.slice(1))
      void sendArtifact(request, response, { store, key, disposition })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  })

  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('sends an attachment that no browser runs', async () => {
    const response = await fetch(`${url}/a?inline`)
    expect(response.status).to.equal(200)
    expect(response.headers.get('content-type')).to.equal('application/octet-stream')
    expect(response.headers.get('content-disposition')).to.equal('attachment; filename="page.html"')
    expect(response.headers.get('content-security-policy')).to.equal("sandbox; default-src 'none'")
    expect(response.headers.get('x-content-type-options')).to.equal('nosniff')
    expect(await response.text()).to.equal('0123456789')
  })

  it('names the file for everyone', async () => {
    const response = await fetch(`${url}/b?inline`)
    expect(response.headers.get('content-disposition')).to.equal(
      'inline; filename="Bericht f_r __.txt"; ' +
        "filename*=UTF-8''Bericht%20f%C3%BCr%20%E6%BC%A2%E5%AD%97.txt",
    )
    expect(response.headers.get('content-type')).to.equal('text/plain; charset=utf-8')
    await response.text()
  })

  it('answers one range, and a HEAD without a body', async () => {
    const part = await fetch(`${url}/a`, { headers: { range: 'bytes=2-4' } })
    expect(part.status).to.equal(206)
    expect(part.headers.get('content-range')).to.equal('bytes 2-4/10')
    expect(part.headers.get('content-length')).to.equal('3')
    expect(await part.text()).to.equal('234')
    const head = await fetch(`${url}/a`, { method: 'HEAD' })
    expect(head.status).to.equal(200)
    expect(head.headers.get('content-length')).to.equal('10')
    expect(await head.text()).to.equal('')
  })

  it('answers 404 to absent and hostile keys', async () => {
    for (const path of ['absent', '..%2fa', '%00', 'a%2f..%2fa']) {
      expect((await fetch(`${url}/${path}`)).status, path).to.equal(404)
    }
  })
})
