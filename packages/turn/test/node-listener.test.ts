import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type RequestListener } from 'node:http'
import * as http2 from 'node:http2'
import { connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { createTurnRoutes, toNodeListener } from '../src/http.js'

type Handler = (request: Request) => Promise<Response | null>

const encoder = new TextEncoder()

describe('toNodeListener', () => {
  const servers: Server[] = []
  const sockets = new Set<Socket>()
  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    await Promise.all(
      servers.splice(0).map((server) => new Promise((closed) => server.close(closed))),
    )
  })

  async function listen(server: Server): Promise<number> {
    servers.push(server)
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const serve = (listener: RequestListener): Promise<number> => listen(createServer(listener))
  const handle = (handler: Handler): Promise<number> => serve(toNodeListener(handler))

  /** What a server says to these very bytes, until it ends the connection. */
  async function say(port: number, bytes: string): Promise<string> {
    const socket = connect(port, '127.0.0.1')
    socket.end(bytes)
    return text(socket)
  }

  it('gives a request as the web has it, and sends the answer as it is', async () => {
    const port = await handle(async (asked) => {
      const { method, url, headers } = asked
      const said = [method, url, headers.get('x-many'), headers.get('cookie'), await asked.text()]
      const answer = new Response(JSON.stringify(said), { status: 202 })
      answer.headers.append('set-cookie', 'a=1')
      answer.headers.append('set-cookie', 'b=2')
      return answer
    })
    const init = { method: 'PUT', headers: { 'x-many': 'a, b', cookie: 'c=1; d=2' }, body: 'whole' }
    const answer = await fetch(`http://127.0.0.1:${port}/a%20b?c=d`, init)
    expect(answer.status).to.equal(202)
    expect(answer.headers.getSetCookie()).to.deep.equal(['a=1', 'b=2'])
    const url = `http://127.0.0.1:${port}/a%20b?c=d`
    expect(await answer.json()).to.deep.equal(['PUT', url, 'a, b', 'c=1; d=2', 'whole'])
  })

  it('serves HTTP/2, in both directions', async () => {
    const listener = toNodeListener(async (asked) => new Response(asked.body))
    const port = await listen(http2.createServer(listener))
    const client = http2.connect(`http://127.0.0.1:${port}`)
    try {
      for (const body of ['', 'hello', 'a'.repeat(300_000)]) {
        const stream = client.request({ ':method': 'POST', ':path': '/' })
        stream.end(body)
        const [headers] = await once(stream, 'response')
        expect(headers[':status']).to.equal(200)
        expect(await text(stream)).to.equal(body)
      }
    } finally {
      client.close()
    }
  })

  it('aborts the request when its client leaves, on HTTP/1 and HTTP/2', async () => {
    const left: (() => void)[] = []
    let freed = 0
    const handler: Handler = async ({ signal }) => {
      signal.addEventListener('abort', () => left.shift()?.())
      const cancel = (): void => void (freed += 1)
      return new Response(new ReadableStream({ pull: () => new Promise(() => {}), cancel }))
    }
    const leaving = (): Promise<void> => new Promise((resolve) => left.push(resolve))

    const first = leaving()
    const asking = request({ port: await handle(handler), host: '127.0.0.1' }).end()
    await once(asking, 'response')
    asking.destroy()
    await first

    const second = leaving()
    const port = await listen(http2.createServer(toNodeListener(handler)))
    const client = http2.connect(`http://127.0.0.1:${port}`)
    const stream = client.request({ ':path': '/' })
    await once(stream, 'response')
    stream.close(http2.constants.NGHTTP2_CANCEL)
    await second
    client.close()
    expect(freed).to.equal(2)
  })

  it('does not abort a request that was answered', async () => {
    const signals: AbortSignal[] = []
    const port = await handle(async ({ signal }) => {
      signals.push(signal)
      return new Response('done')
    })
    for (let count = 0; count < 3; count += 1)
      await (await fetch(`http://127.0.0.1:${port}`)).text()
    for (const socket of sockets) socket.destroy()
    expect(signals.map(({ aborted }) => aborted)).to.deep.equal([false, false, false])
  })

  it('takes from a body no more than its reader does', async () => {
    let pulled = 0
    const piece = new Uint8Array(64 * 1024)
    const port = await handle(async () => {
      const pull = (controller: ReadableStreamDefaultController): void => {
        pulled += 1
        if (pulled <= 500) controller.enqueue(piece)
        else controller.close()
      }
      return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }))
    })
    const asking = request({ port, host: '127.0.0.1' }).end()
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    // As long as nothing is read, the sockets fill, and then nothing more is asked for.
    let seen = -1
    while (seen !== pulled) {
      seen = pulled
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(pulled).to.be.within(1, 300)
    let length = 0
    for await (const chunk of answer) length += (chunk as Buffer).length
    expect(length).to.equal(500 * piece.length)
  })

  it('takes from a request no more than the handler reads, and keeps the connection', async () => {
    const seen: string[] = []
    const port = await handle(async (asked) => {
      const reader = asked.body?.getReader()
      const { value } = (await reader?.read()) ?? {}
      await reader?.cancel()
      seen.push(String(value?.byteLength !== undefined && value.byteLength < 200_000))
      return new Response('enough', { status: 413 })
    })
    const body = 'a'.repeat(3_000_000)
    const heads = `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n`
    const said = await say(port, `${heads}\r\n${body}${heads}connection: close\r\n\r\n${body}`)
    expect(said.match(/HTTP\/1\.1 413/g)).to.have.length(2)
    expect(seen).to.deep.equal(['true', 'true'])
  })

  it('fails to read a body whose client has left', async () => {
    let tell: (error: unknown) => void = () => undefined
    const failed = new Promise<unknown>((resolve) => (tell = resolve))
    const port = await handle(async (asked) => {
      await asked.text().catch(tell)
      return new Response('')
    })
    const asking = request({ port, host: '127.0.0.1', method: 'POST' })
    asking.on('error', () => undefined)
    asking.write('some')
    await once(servers[0]!, 'request')
    asking.destroy()
    expect(String(await failed)).to.match(/client left/)
  })

  it('passes on what is not its own, and what is no request of the web', async () => {
    const listener = toNodeListener(async ({ url }) =>
      url.endsWith('/ours') ? new Response('ours') : null,
    )
    const passing = await serve((asked, answer) => {
      void listener(asked, answer, () => answer.end('theirs'))
    })
    const alone = await serve(listener)
    expect(await (await fetch(`http://127.0.0.1:${passing}/ours`)).text()).to.equal('ours')
    expect(await (await fetch(`http://127.0.0.1:${passing}/other`)).text()).to.equal('theirs')
    expect((await fetch(`http://127.0.0.1:${alone}/other`)).status).to.equal(404)
    const odd = [
      'TRACE /ours HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
      'GET /ours HTTP/1.1\r\nhost: a b@c:x\r\nconnection: close\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
    ]
    for (const bytes of odd) {
      expect(await say(alone, bytes)).to.match(/^HTTP\/1\.1 400/)
      expect(await say(passing, bytes)).to.match(/^HTTP\/1\.1 200[^]*theirs/)
    }
    // A path that looks like another host is a path.
    const path = 'GET //elsewhere/ours HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'
    expect(await say(alone, path)).to.match(/\r\nours\r\n/)
  })

  it('gives failures to the next, and cuts an answer that fails on its way', async () => {
    const listener = toNodeListener(async ({ url }) => {
      if (url.endsWith('/throw')) throw new Error('broken')
      let pieces = 0
      const pull = (controller: ReadableStreamDefaultController): void => {
        pieces += 1
        if (pieces > 1) throw new Error('broken')
        controller.enqueue(encoder.encode('some'))
      }
      return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }))
    })
    const passing = await serve((asked, answer) => {
      void listener(asked, answer, (error) => answer.writeHead(503).end(error?.message))
    })
    const alone = await serve(listener)
    expect(await (await fetch(`http://127.0.0.1:${passing}/throw`)).text()).to.equal('broken')
    const answer = await fetch(`http://127.0.0.1:${alone}/throw`)
    expect([answer.status, await answer.text()]).to.deep.equal([500, ''])
    const cut = await fetch(`http://127.0.0.1:${alone}/cut`)
    expect(cut.status).to.equal(200)
    expect(await cut.text().catch(() => 'cut')).to.equal('cut')
  })

  it('takes a body that a middleware has read from where that left it', async () => {
    const problems: unknown[] = []
    const unused = { read: async () => null, cancel: async () => false }
    const routes = createTurnRoutes({
      store: {
        ...unused,
        answerAsk: async () => ({ accepted: false, reason: 'missing', ask: null }),
      },
      authorize: () => ({ userId: 7 }),
      begin: async ({ text: said }) => said.length,
      onError: (error) => problems.push(error),
    })
    const listener = toNodeListener(routes)
    const port = await serve(async (asked, answer) => {
      const body = await text(asked)
      const left = asked.headers['x-left']
      const kept = left === 'object' ? { body: JSON.parse(body) } : left === 'text' ? { body } : {}
      await listener(Object.assign(asked, kept), answer)
    })
    const begin = (left: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/conversations/1/turns`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-left': left },
        body: '{"text":"Hello"}',
      })
    for (const left of ['object', 'text']) {
      expect(await (await begin(left)).json()).to.deep.equal({ turnId: 5, delivery: null })
    }
    expect((await begin('nothing')).status).to.equal(500)
    expect(String(problems)).to.match(/TypeError: The body was read by another middleware/)
  })
})
