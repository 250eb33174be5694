import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { toNodeListener } from '../src/http.js'

describe('toNodeListener beside other middlewares', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close()
      server.closeAllConnections()
    }
  })

  async function serve(listener: RequestListener): Promise<{ server: Server; port: number }> {
    const server = createServer(listener).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    return { server, port: (server.address() as AddressInfo).port }
  }

  /** What a server says to these very bytes, until it ends the connection. */
  async function say(port: number, head: string): Promise<string> {
    const socket = connect(port, '127.0.0.1')
    socket.end(`${head}\r\nconnection: close\r\n\r\n`)
    return text(socket)
  }

  it('sees no other path than they do', async () => {
    const listener = toNodeListener(async ({ url }) => new Response(new URL(url).pathname))
    const { port } = await serve(listener)
    const tricks = [
      'GET /x HTTP/1.1\r\nhost: a/agent/turns/1/events?',
      'GET /x HTTP/1.1\r\nhost: a\\agent#',
      'GET /x/../agent/turns HTTP/1.1\r\nhost: a',
      'GET /x/%2e%2E/agent/turns HTTP/1.1\r\nhost: a',
      'GET /x\\..\\agent/turns HTTP/1.1\r\nhost: a',
      'GET http://a/x/../agent/turns HTTP/1.1\r\nhost: a',
      'GET http://a\\agent/x HTTP/1.1\r\nhost: a',
    ]
    for (const head of tricks) expect(await say(port, head)).to.match(/^HTTP\/1\.1 400/)
    const honest = [
      'GET /agent/a%2Fb?c=/../d#e HTTP/1.1\r\nhost: A:80',
      'GET http://b:8080/agent/a%2Fb?c HTTP/1.1\r\nhost: a',
    ]
    for (const head of honest) expect(await say(port, head)).to.match(/\r\n\/agent\/a%2Fb\r\n/)
    expect(await say(port, 'GET http://b?c HTTP/1.1\r\nhost: a')).to.match(/^HTTP\/1\.1 200/)
  })

  it('leaves what another has answered meanwhile, and lets its own go', async () => {
    let freed = 0
    const stream = (): ReadableStream => new ReadableStream({ cancel: () => void (freed += 1) })
    const handlers: ((request: Request) => Promise<Response | null>)[] = [
      async () => null,
      async () => Promise.reject(new Error('broken')),
      async () => new Response(stream()),
    ]
    for (const handler of handlers) {
      const listener = toNodeListener(handler)
      let listening: Promise<void> | undefined
      const { port } = await serve((asked, answer) => {
        answer.write('too ')
        listening = listener(asked, answer).finally(() => answer.end('late'))
      })
      expect(await say(port, 'GET / HTTP/1.1\r\nhost: a')).to.match(/too [^]*late/)
      await listening
    }
    expect(freed).to.equal(1)
  })

  it('lets go of an answer whose headers cannot be sent', async () => {
    let free: () => void = () => undefined
    const freed = new Promise<void>((resolve) => (free = resolve))
    const { port } = await serve(
      toNodeListener(async () => {
        const headers = { 'x-odd': 'a\u0001b' }
        return new Response(new ReadableStream({ cancel: () => free() }), { headers })
      }),
    )
    expect(await say(port, 'GET / HTTP/1.1\r\nhost: a')).to.equal('')
    await freed
  })

  it('gives an aborted request when the client left before', async () => {
    const listener = toNodeListener(async ({ signal }) => {
      tell(signal.aborted)
      return null
    })
    let tell: (isAborted: boolean) => void = () => undefined
    const told = new Promise<boolean>((resolve) => (tell = resolve))
    const { server, port } = await serve((asked, answer) => {
      answer.once('close', () => setImmediate(() => void listener(asked, answer)))
    })
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    await once(server, 'request')
    socket.destroy()
    expect(await told).to.equal(true)
  })

  it('takes a body that was read as bytes', async () => {
    const listener = toNodeListener(async (asked) => new Response(await asked.text()))
    const { port } = await serve(async (asked, answer) => {
      const chunks: Buffer[] = []
      for await (const chunk of asked) chunks.push(chunk as Buffer)
      await listener(Object.assign(asked, { body: Buffer.concat(chunks) }), answer)
    })
    const init = { method: 'POST', body: '{"text":"Hällo"}' }
    expect(await (await fetch(`http://127.0.0.1:${port}`, init)).text()).to.equal(init.body)
  })
})
