import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { createChangeLog, toEventResponse, writeEventStream } from '../src/server-sent-events.js'
import { uiMessageStream, writeUiMessageStream } from '../src/ui-message-stream.js'
import { beginTurn } from './support/turn.js'

const never = new Promise<void>(() => {})

describe('a stream on a socket', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  async function serve(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<number> {
    const server = createServer(answer)
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  it('connects a browser that has everything', async () => {
    const { reply } = beginTurn()
    const log = createChangeLog(reply)
    const port = await serve(
      (incoming, response) => void writeEventStream(log, incoming, response, { ended: never }),
    )
    const response = await fetch(`http://127.0.0.1:${port}`, {
      headers: { 'last-event-id': `${log.epoch}.${log.revision}` },
    })
    expect(response.headers.get('cache-control')).to.equal('no-cache, no-transform')
    expect(response.headers.get('x-accel-buffering')).to.equal('no')
    await response.body?.cancel()
  })

  it('answers HEAD with the headers alone', async () => {
    const { reply } = beginTurn()
    const log = createChangeLog(reply)
    const options = { ended: never }
    for (const answer of [
      (incoming: IncomingMessage, response: ServerResponse) =>
        writeEventStream(log, incoming, response, options),
      (_: IncomingMessage, response: ServerResponse) =>
        writeUiMessageStream(uiMessageStream(reply, options), response),
    ]) {
      let answered: () => void = () => {}
      const isAnswered = new Promise<void>((resolve) => {
        answered = resolve
      })
      const port = await serve((incoming, response) => {
        void answer(incoming, response).then(answered)
      })
      const head = request({ port, host: '127.0.0.1', method: 'HEAD' }).end()
      const [response] = (await once(head, 'response')) as [IncomingMessage]
      expect(response.headers['content-type']).to.equal('text/event-stream; charset=utf-8')
      await isAnswered
    }
    const web = new Request('http://127.0.0.1/', { method: 'HEAD' })
    const answer = toEventResponse(log, web, options)
    expect(answer.headers.get('content-type')).to.equal('text/event-stream; charset=utf-8')
    expect(answer.body).to.equal(null)
  })

  it('ends without a last event when the host shuts down, so that the browser comes again', async () => {
    const log = createChangeLog(beginTurn().reply)
    const shutdown = new AbortController()
    const options = { ended: never, signal: shutdown.signal }
    const port = await serve(
      (incoming, response) => void writeEventStream(log, incoming, response, options),
    )
    const response = await fetch(`http://127.0.0.1:${port}`)
    shutdown.abort()
    expect(await response.text()).to.not.include('event: end')
  })

  for (const [name, open] of [
    [
      'server-sent events',
      (turn: ReturnType<typeof beginTurn>) => {
        const log = createChangeLog(turn.reply)
        return (incoming: IncomingMessage, response: ServerResponse) =>
          writeEventStream(log, incoming, response, { ended: never })
      },
    ],
    [
      'UI chunks',
      (turn: ReturnType<typeof beginTurn>) => (_: IncomingMessage, response: ServerResponse) =>
        writeUiMessageStream(uiMessageStream(turn.reply, { ended: never }), response),
    ],
  ] as const) {
    it(`buffers little of ${name} for a browser that does not read`, async () => {
      const turn = beginTurn()
      const text = turn.write(turn.answer())
      const answer = open(turn)
      let slow: ServerResponse | null = null
      const port = await serve((incoming, response) => {
        slow = response
        void answer(incoming, response)
      })
      const socket: Socket = connect(port, '127.0.0.1')
      socket.pause()
      socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
      await once(servers[0] as Server, 'request')
      let most = 0
      for (let index = 0; index < 400; index += 1) {
        text.grow('x'.repeat(100_000))
        // Lets the socket take what it can.
        for (let turns = 0; turns < 3; turns += 1) await new Promise((next) => setImmediate(next))
        most = Math.max(most, (slow as ServerResponse | null)?.writableLength ?? 0)
      }
      // 40 MB by then; a frame holds one piece.
      expect(most).to.be.greaterThan(0).and.lessThan(1_000_000)
      socket.destroy()
    })
  }
})
