import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import type { Reply } from '../src/index.js'
import { eventFrames } from '../src/server-sent-events.js'
import { uiMessageStream } from '../src/ui-message-stream.js'
import { beginTurn } from './support/turn.js'
import { turnOfTheLoop } from './support/turn-of-the-loop.js'
import { watchLog, watchReply } from './support/watched.js'

const never = new Promise<void>(() => {})

/** Something to listen to, and how many listen. */
interface Watched {
  readonly open: (signal?: AbortSignal) => AsyncGenerator<unknown>
  listening(): number
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
      await turnOfTheLoop()
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
    await turnOfTheLoop()
    collectGarbage()
    expect(reply.deref()).to.equal(undefined)
    expect(ended).to.be.an.instanceof(Promise)
  })
})
