import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import sinon from 'sinon'

import { parseArtifactKey } from '../src/store/key.js'
import { createMemoryStore } from '../src/memory.js'
import { artifactHeaders } from '../src/serve/headers.js'
import { artifactResponse, sendArtifact } from '../src/serve/serve.js'
import type { ArtifactStore } from '../src/store/store.js'
import { startFileServer, type FileServer } from './support/file-server.js'

const digits = '0123456789'
const digest = '84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882'

describe('sendArtifact and artifactResponse', () => {
  let memory: ArtifactStore
  let store: ArtifactStore
  let server: FileServer

  beforeEach(async () => {
    memory = createMemoryStore()
    store = memory
    const put = async (key: string, text: string, name: string): Promise<unknown> =>
      memory.put(parseArtifactKey(key), new TextEncoder().encode(text), {
        contentType: 'text/html',
        metadata: { name },
      })
    await put('a', digits, 'page.html')
    await put('text', 'plain', 'Bericht für 漢字.txt')
    await put('empty', '', 'empty.txt')
    await memory.put(parseArtifactKey('big'), Buffer.alloc(5_000_000, 'x'))
    server = await startFileServer(async (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
      const options = {
        store,
        key: decodeURIComponent(pathname.slice(1)),
        disposition: searchParams.has('inline') ? ('inline' as const) : undefined,
      }
      return sendArtifact(request, response, options)
    })
  })

  afterEach(async () => server.close())

  /** The bodies that the store hands out from now on. */
  function watchBodies(): readonly Readable[] {
    const bodies: Readable[] = []
    store = {
      ...memory,
      get: async (...args) => {
        const found = await memory.get(...args)
        if (found !== null) bodies.push(found.body)
        return found
      },
    }
    return bodies
  }

  /** The same request over a socket and as a web request; both must answer alike. */
  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    const sent = await fetch(`${server.url}/${path}`, init)
    const url = new URL(`http://localhost/${path}`)
    const made = await artifactResponse(new Request(url, init), {
      store,
      key: decodeURIComponent(url.pathname.slice(1)),
      disposition: url.searchParams.has('inline') ? 'inline' : undefined,
    })
    expect(made.status).to.equal(sent.status)
    for (const [name, value] of made.headers) expect(sent.headers.get(name), name).to.equal(value)
    const body = await made.text()
    const sentBody = await sent.text()
    expect(body).to.equal(sentBody)
    return new Response(body === '' ? null : body, { status: sent.status, headers: sent.headers })
  }

  it('send an attachment that no browser runs, whatever type it was stored with', async () => {
    for (const path of ['a', 'a?inline']) {
      const { status, headers } = await ask(path)
      expect(status).to.equal(200)
      expect(headers.get('content-type')).to.equal('application/octet-stream')
      expect(headers.get('content-disposition')).to.equal('attachment; filename="page.html"')
      expect(headers.get('content-security-policy')).to.equal("sandbox; default-src 'none'")
      expect(headers.get('x-content-type-options')).to.equal('nosniff')
      expect(headers.get('cache-control')).to.equal('private, no-cache, no-transform')
    }
  })

  for (const [name, policy] of [
    ['a.png', "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'"],
    ['a.wav', "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'"],
    ['a.mp4', "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'"],
    ['a.txt', "sandbox; default-src 'none'"],
    ['a.svg', "sandbox; default-src 'none'"],
    ['a.html', "sandbox; default-src 'none'"],
    ['a.pdf', "sandbox; default-src 'none'"],
  ] as const) {
    it(`give the page that a browser makes around ${name} what it needs, and no more`, async () => {
      await memory.put(parseArtifactKey('shown'), Buffer.from('x'), { metadata: { name } })
      const { headers } = await ask('shown?inline')
      expect(headers.get('content-security-policy')).to.equal(policy)
      const { headers: saved } = await ask('shown')
      expect(saved.get('content-security-policy')).to.equal("sandbox; default-src 'none'")
    })
  }

  it('forbid the next layer to change bytes whose ranges they announce', () => {
    const stat = {
      key: parseArtifactKey('a'),
      sizeBytes: 1,
      sha256: digest,
      contentType: '',
      storedAt: 0,
      metadata: {},
    }
    const controlOf = (cacheControl?: string): unknown =>
      artifactHeaders(stat, { cacheControl })['cache-control']
    expect(controlOf()).to.equal('private, no-cache, no-transform')
    expect(controlOf('public, max-age=60')).to.equal('public, max-age=60, no-transform')
    expect(controlOf('No-Transform, max-age=60')).to.equal('No-Transform, max-age=60')
    expect(controlOf('')).to.equal('no-transform')
  })

  it('announce no ranges that the store cannot give', async () => {
    store = { ...memory, capabilities: [] }
    const { headers } = await ask('a')
    expect(headers.get('accept-ranges')).to.equal('none')
  })

  it('answer 404 for an artifact that was not found', async () => {
    for (const key of [null, undefined, '', '../x']) {
      const response = await artifactResponse(new Request('http://localhost/'), { store, key })
      expect(response.status).to.equal(404)
    }
  })

  it('show harmless types in place when asked, and name the file for everyone', async () => {
    const { headers } = await ask('text?inline')
    expect(headers.get('content-type')).to.equal('text/plain; charset=utf-8')
    expect(headers.get('content-disposition')).to.equal(
      'inline; filename="Bericht f_r __.txt"; ' +
        "filename*=UTF-8''Bericht%20f%C3%BCr%20%E6%BC%A2%E5%AD%97.txt",
    )
    const { headers: attached } = await ask('text')
    expect(attached.get('content-disposition')).to.match(/^attachment;/)
  })

  it('answer an empty object, and HEAD without a body', async () => {
    const empty = await ask('empty')
    expect(empty.headers.get('content-length')).to.equal('0')
    const head = await ask('a', { method: 'HEAD', headers: { range: 'bytes=0-1' } })
    expect(head.status).to.equal(200)
    expect(head.headers.get('content-length')).to.equal('10')
    expect(await head.text()).to.equal('')
  })

  it('answer 304 to those who have these bytes already', async () => {
    const { headers } = await ask('a')
    expect(headers.get('etag')).to.equal(`"${digest}"`)
    for (const tag of [`"${digest}"`, `W/"${digest}"`, `"x", "${digest}"`, '*']) {
      const response = await ask('a', { headers: { 'if-none-match': tag, range: 'bytes=0-1' } })
      expect(response.status, tag).to.equal(304)
      expect(response.headers.get('etag')).to.equal(`"${digest}"`)
      expect(response.headers.get('content-length')).to.equal(null)
    }
    expect((await ask('a', { headers: { 'if-none-match': '"x"' } })).status).to.equal(200)
  })

  it('answer one range, and everything where the range is no single one', async () => {
    for (const [range, part, body] of [
      ['bytes=2-4', 'bytes 2-4/10', '234'],
      ['bytes=7-', 'bytes 7-9/10', '789'],
      ['bytes=-2', 'bytes 8-9/10', '89'],
    ] as const) {
      const response = await ask('a', { headers: { range } })
      expect(response.status).to.equal(206)
      expect(response.headers.get('content-range')).to.equal(part)
      expect(response.headers.get('content-length')).to.equal(String(body.length))
      expect(await response.text()).to.equal(body)
    }
    for (const range of ['bytes=0-1,3-4', 'bytes=4-2', 'lines=1-2']) {
      const response = await ask('a', { headers: { range } })
      expect(response.status).to.equal(200)
      expect(await response.text()).to.equal(digits)
    }
  })

  it('answer 416 with the length to a range that does not exist', async () => {
    for (const [path, total] of [
      ['a', 10],
      ['empty', 0],
    ] as const) {
      const response = await ask(path, { headers: { range: 'bytes=10-' } })
      expect(response.status).to.equal(416)
      expect(response.headers.get('content-range')).to.equal(`bytes */${total}`)
    }
  })

  it('answer a range only of the version that If-Range names', async () => {
    for (const [tag, status] of [
      [`"${digest}"`, 206],
      [`W/"${digest}"`, 200],
      ['"other"', 200],
      ['Wed, 21 Oct 2026 07:28:00 GMT', 200],
    ] as const) {
      const headers = { range: 'bytes=0-1', 'if-range': tag }
      expect((await ask('a', { headers })).status, tag).to.equal(status)
    }
  })

  it('answer everything where the store has no ranges', async () => {
    store = { ...memory, capabilities: ['if-absent'] }
    const response = await ask('a', { headers: { range: 'bytes=0-1' } })
    expect(response.status).to.equal(200)
  })

  it('answer 404 to absent and hostile keys, 405 to other methods, and let no cache keep that', async () => {
    for (const path of ['absent', '..%2fa', '%00', 'a%2f..%2fa', '%2e%2e']) {
      const response = await ask(path)
      expect(response.status, path).to.equal(404)
      expect(response.headers.get('cache-control')).to.equal('no-store')
    }
    const post = await ask('a', { method: 'POST' })
    expect(post.status).to.equal(405)
    expect(post.headers.get('allow')).to.equal('GET, HEAD')
  })

  it('reject before they touch the response when the store fails', async () => {
    const cause = new Error('storage is away')
    store = { ...memory, get: sinon.fake.rejects(cause) }
    expect((await fetch(`${server.url}/a`)).status).to.equal(500)
    expect(await server.outcomes[0]).to.equal(cause)
    const web = artifactResponse(new Request('http://localhost/a'), { store, key: 'a' })
    expect(await web.catch((error: unknown) => error)).to.equal(cause)
  })

  it('cut the connection when the bytes fail in the middle', async () => {
    const cause = new Error('disk fault')
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(100)
      throw cause
    }
    store = {
      ...memory,
      get: async (key) => {
        const stat = await memory.stat(key)
        return stat === null ? null : { stat, body: Readable.from(failing()) }
      },
    }
    const response = await fetch(`${server.url}/big`)
    expect(response.status).to.equal(200)
    expect(await response.text().catch(() => 'cut')).to.equal('cut')
    expect(await server.outcomes[0]).to.equal(cause)
    const web = await artifactResponse(new Request('http://localhost/big'), { store, key: 'big' })
    expect(await web.text().catch((error: unknown) => error)).to.equal(cause)
  })

  it('mix no headers of one version with bytes of another', async () => {
    store = {
      ...memory,
      stat: async (key) => {
        const stat = await memory.stat(key)
        await memory.put(key, Buffer.from('replaced'))
        return stat
      },
    }
    expect((await fetch(`${server.url}/a`)).status).to.equal(500)
    expect(await server.outcomes[0]).to.include({ code: 'storage_failed', retryable: true })
  })

  it('free the body when the other side goes away', async () => {
    const bodies = watchBodies()
    const request = httpRequest(`${server.url}/big`).end()
    const [response] = (await once(request, 'response')) as [Readable]
    await once(response, 'readable')
    request.destroy()
    await once(request, 'close')
    expect(await server.outcomes[0]).to.deep.equal({ status: 200, isComplete: false })
    expect(bodies[0]?.destroyed).to.equal(true)
    const web = await artifactResponse(new Request('http://localhost/big'), { store, key: 'big' })
    const reader = web.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    expect(bodies[1]?.destroyed).to.equal(true)
  })

  it('free the body when the other side was gone before the answer', async () => {
    let body: Readable | undefined
    let isGone = Promise.resolve<unknown>(null)
    const gone = await startFileServer(async (request, response) => {
      isGone = once(response, 'close')
      const late: ArtifactStore = {
        ...memory,
        get: async (...args) => {
          const found = await memory.get(...args)
          body = found?.body
          request.socket.destroy()
          await isGone
          return found
        },
      }
      return sendArtifact(request, response, { store: late, key: 'big' })
    })
    await fetch(gone.url).catch(() => null)
    expect(await gone.outcomes[0]).to.deep.equal({ status: 0, isComplete: false })
    expect(body?.destroyed).to.equal(true)
    await gone.close()
  })

  it('hold nothing for one who went away while the store was silent', async () => {
    let ask = (): void => {}
    const asked = new Promise<void>((resolve) => (ask = resolve))
    let signal: AbortSignal | undefined
    const silent: ArtifactStore = {
      ...memory,
      get: (_key, options) => {
        signal = options?.signal
        ask()
        return new Promise(() => {})
      },
    }
    const waiting = await startFileServer(async (request, response) =>
      sendArtifact(request, response, { store: silent, key: 'big' }),
    )
    const request = httpRequest(waiting.url).end()
    request.on('error', () => {})
    await asked
    request.destroy()
    expect(await waiting.outcomes[0]).to.deep.equal({ status: 0, isComplete: false })
    expect(signal?.aborted).to.equal(true)
    await waiting.close()
  })

  it('stop at an abort', async () => {
    const controller = new AbortController()
    const options = { store, key: 'big', signal: controller.signal }
    const web = await artifactResponse(new Request('http://localhost/big'), options)
    const reason = new Error('stopped')
    controller.abort(reason)
    expect(await web.text().catch((error: unknown) => error)).to.equal(reason)
    const again = artifactResponse(new Request('http://localhost/big'), options)
    expect(await again.catch((error: unknown) => error)).to.equal(reason)
  })

  it('free the stored file when the answer cannot be given', async () => {
    const bodies = watchBodies()
    const options = { store, key: 'a', cacheControl: 'no\nheader' }
    const request = new Request('http://localhost/a')
    const answers = [
      artifactResponse(request, options),
      new Promise((resolve, reject) => {
        void startFileServer(async (incoming, response) => {
          const sent = sendArtifact(incoming, response, options)
          sent.then(resolve, reject)
          return sent
        }).then(async ({ url, close }) => {
          await fetch(url).catch(() => undefined)
          await close()
        })
      }),
    ]
    for (const answer of answers) {
      expect(await answer.catch((error: unknown) => error)).to.be.instanceOf(Error)
    }
    expect(bodies.map((body) => body.destroyed)).to.deep.equal([true, true])
  })

  it('free it also where a framework has put a Response of its own into the global', async () => {
    const bodies = watchBodies()
    // It looks at nothing before it is sent, as that of Hono's server for Node.
    const lazy = sinon.stub(globalThis, 'Response').value(class {})
    const answer = artifactResponse(new Request('http://localhost/a'), {
      store,
      key: 'a',
      cacheControl: 'no\nheader',
    })
    const error = await answer.catch((thrown: unknown) => thrown).finally(() => lazy.restore())
    expect(error).to.be.instanceOf(Error)
    expect(bodies.map((body) => body.destroyed)).to.deep.equal([true])
  })
})
