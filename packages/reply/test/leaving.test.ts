import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createHttp2Server, connect } from 'node:http2'
import type { Http2Server, Http2ServerResponse } from 'node:http2'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import type { Reply } from '../src/index.js'
import { createChangeLog, eventFrames, writeEventStream } from '../src/server-sent-events.js'
import type { ChangeLog } from '../src/server-sent-events.js'
import {
  toUiMessageResponse,
  uiMessageStream,
  writeUiMessageStream,
} from '../src/ui-message-stream.js'
import type { UiChunk } from '../src/ui-message-stream.js'
import { beginTurn } from './support/turn.js'

const never = new Promise<void>(() => {})

/** Something to listen to, and how many listen. */
interface Watched {
  readonly open: (signal?: AbortSignal) => AsyncGenerator<unknown>
  listening(): number
}

/** Counts who listens. */
function counted<Listener>(listen: (listener: Listener) => () => void): {
  readonly listeners: Set<Listener>
  readonly listen: (listener: Listener) => () => void
} {
  const listeners = new Set<Listener>()
  return {
    listeners,
    listen(listener) {
      const stop = listen(listener)
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
        stop()
      }
    },
  }
}

function watchReply(): { readonly reply: Reply; listening(): number } {
  const { reply } = beginTurn()
  const { listeners, listen } = counted(reply.observe)
  return { reply: { ...reply, observe: listen }, listening: () => listeners.size }
}

function watchLog(): { readonly log: ChangeLog; listening(): number } {
  const log = createChangeLog(beginTurn().reply)
  const { listeners, listen } = counted(log.onChange)
  return { log: { ...log, onChange: listen }, listening: () => listeners.size }
}

function options(signal: AbortSignal | undefined): { ended: Promise<void>; signal?: AbortSignal } {
  return { ended: never, ...(signal && { signal }) }
}

/** Both streams of a running turn. */
const streams: readonly (readonly [name: string, prepare: () => Watched])[] = [
  [
    'uiMessageStream',
    () => {
      const { reply, listening } = watchReply()
      return { open: (signal) => uiMessageStream(reply, options(signal)), listening }
    },
  ],
  [
    'eventFrames',
    () => {
      const { log, listening } = watchLog()
      return { open: (signal) => eventFrames(log, null, options(signal)), listening }
    },
  ],
]

for (const [name, prepare] of streams) {
  describe(`a reader of ${name}`, () => {
    it('holds nothing before it reads', () => {
      const { open, listening } = prepare()
      open()
      expect(listening()).to.equal(0)
    })

    it('is freed when it leaves while nothing happens', async () => {
      const { open, listening } = prepare()
      const items = open()
      await items.next()
      const next = items.next()
      expect(listening()).to.equal(1)
      const left = items.return(undefined)
      expect(listening()).to.equal(0)
      expect((await next).done).to.equal(true)
      expect((await left).done).to.equal(true)
    })

    it('is freed when it is aborted and does not read on', async () => {
      const { open, listening } = prepare()
      const stop = new AbortController()
      const items = open(stop.signal)
      await items.next()
      stop.abort()
      expect(listening()).to.equal(0)
    })

    it('costs a signal that many share no warning', async () => {
      const warnings: string[] = []
      const warn = ({ name: warning }: Error): void => void warnings.push(warning)
      process.on('warning', warn)
      const { open } = prepare()
      const { signal } = new AbortController()
      const readers = Array.from({ length: 12 }, () => open(signal))
      for (const items of readers) await items.next()
      await new Promise((resolve) => setImmediate(resolve))
      process.off('warning', warn)
      for (const items of readers) await items.return(undefined)
      expect(warnings).to.deep.equal([])
    })
  })
}

describe('a turn that goes on', () => {
  it('holds nothing of a reader that left', async () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage: () => void = runInNewContext('gc')
    const ended = new Promise<void>(() => {})
    const read = async (): Promise<WeakRef<Reply>> => {
      const { reply } = beginTurn()
      const chunks = uiMessageStream(reply, { ended })
      await chunks.next()
      await chunks.return(undefined)
      return new WeakRef(reply)
    }
    const reply = await read()
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
    expect(reply.deref()).to.equal(undefined)
    expect(ended).to.be.an.instanceof(Promise)
  })
})

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
    await new Promise((resolve) => setImmediate(resolve))
    expect(listening()).to.equal(0)
    await reader?.read()
    const next = reader?.read()
    expect(listening()).to.equal(1)
    await reader?.cancel()
    expect(listening()).to.equal(0)
    await next
  })

  it('is not told what a generator of the host throws when it is left', async () => {
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
    await new Promise((resolve) => setImmediate(resolve))
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
