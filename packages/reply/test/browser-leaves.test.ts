import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createHttp2Server, connect } from 'node:http2'
import type { Http2Server, Http2ServerResponse } from 'node:http2'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { writeEventStream } from '../src/server-sent-events.js'
import {
  toUiMessageResponse,
  uiMessageStream,
  writeUiMessageStream,
} from '../src/ui-message-stream.js'
import type { UiChunk } from '../src/ui-message-stream.js'
import { beginTurn } from './support/turn.js'
import { turnOfTheLoop } from './support/turn-of-the-loop.js'
import { watchLog, watchReply } from './support/watched.js'

const never = new Promise<void>(() => {})

describe('a browser that leaves', () => {
  const servers: (Server | Http2Server)[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  async function listen(server: Server | Http2Server): Promise<string> {
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  it('frees a Web response of UI chunks', async () => {
    const { reply, listening } = watchReply()
    const { body } = toUiMessageResponse(uiMessageStream(reply, { ended: never }))
    const reader = body?.getReader()
    await turnOfTheLoop()
    expect(listening()).to.equal(0)
    await reader?.read()
    const next = reader?.read()
    expect(listening()).to.equal(1)
    await reader?.cancel()
    expect(listening()).to.equal(0)
    await next
  })

  it('does not see what a generator of the host throws when it is left', async () => {
    const rejected: unknown[] = []
    const note = (error: unknown): void => void rejected.push(error)
    process.on('unhandledRejection', note)
    async function* chunks(): AsyncGenerator<UiChunk> {
      try {
        yield { type: 'start', messageId: 'm' }
        yield { type: 'start-step' }
      } finally {
        // The host's own failure, at the worst moment.
        await Promise.reject(new Error('no'))
      }
    }
    const reader = toUiMessageResponse(chunks()).body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await turnOfTheLoop()
    process.off('unhandledRejection', note)
    expect(rejected).to.deep.equal([])
  })

  it('leaves no listener on a response that was slow', async () => {
    const response = new EventEmitter()
    const like = Object.assign(response, {
      destroyed: false,
      socket: null,
      writeHead() {},
      end() {},
      write() {
        setImmediate(() => response.emit('drain'))
        return false
      },
    })
    const turn = beginTurn()
    turn.write(turn.answer()).end('a')
    await writeUiMessageStream(uiMessageStream(turn.reply, { ended: Promise.resolve() }), like)
    expect([response.listenerCount('drain'), response.listenerCount('close')]).to.deep.equal([0, 0])
  })

  it('frees a Node response', async () => {
    const { log, listening } = watchLog()
    let freed: () => void = () => {}
    const isFreed = new Promise<void>((resolve) => {
      freed = resolve
    })
    const url = await listen(
      createServer((request, response) => {
        void writeEventStream(log, request, response, { ended: never }).then(freed)
      }),
    )
    const leave = new AbortController()
    const response = await fetch(url, { signal: leave.signal })
    await response.body?.getReader().read()
    expect(listening()).to.equal(1)
    leave.abort()
    await isFreed
    expect(listening()).to.equal(0)
  })

  it('is noticed over HTTP/2 when it left before there was an answer', async () => {
    const { log, listening } = watchLog()
    let result: Promise<void> = never
    let answered: () => void = () => {}
    const isAnswered = new Promise<void>((resolve) => {
      answered = resolve
    })
    const server = createHttp2Server((request, response: Http2ServerResponse) => {
      response.on('close', () => {
        result = writeEventStream(log, request, response, { ended: never })
        answered()
      })
      stream.close()
    })
    const session = connect(await listen(server))
    const stream = session.request({ ':path': '/' })
    stream.on('error', () => {})
    stream.end()
    await isAnswered
    await result
    expect(listening()).to.equal(0)
    session.close()
  })
})
