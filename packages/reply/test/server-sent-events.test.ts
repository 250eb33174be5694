import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { foldChange } from '../src/changes.js'
import type { ReplyView } from '../src/index.js'
import {
  createChangeLog,
  eventFrames,
  toEventResponse,
  writeEventStream,
} from '../src/server-sent-events.js'
import type { ChangeLog } from '../src/server-sent-events.js'
import { beginTurn } from './support/turn.js'

interface Frame {
  readonly id: string
  readonly event: string
  readonly data: string
}

function parseFrame(text: string): Frame {
  const field = (name: string): string =>
    new RegExp(`^${name}: ([^\\r\\n]*)$`, 'm').exec(text)?.[1] ?? ''
  return { id: field('id'), event: field('event'), data: field('data') }
}

/** Reads what is there now, as a browser would that then hangs up. */
async function read(log: ChangeLog, lastEventId: string | null, maxBehind = 200): Promise<Frame[]> {
  const frames: Frame[] = []
  for await (const text of eventFrames(log, lastEventId, { ended: Promise.resolve(), maxBehind })) {
    frames.push(parseFrame(text))
  }
  return frames
}

function foldFrames(frames: readonly Frame[], start: ReplyView): ReplyView {
  return frames.reduce((view, { event, data }) => {
    if (event === 'snapshot') return JSON.parse(data)
    return event === 'change' ? foldChange(view, JSON.parse(data)) : view
  }, start)
}

const never = new Promise<void>(() => {})

describe('eventFrames', () => {
  it('begins with a snapshot', async () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply)
    turn.write(turn.answer()).grow('hi')
    const frames = await read(log, null)
    expect(frames.map(({ event }) => event)).to.deep.equal(['snapshot', 'end'])
    expect(JSON.parse(frames[0]?.data ?? '')).to.deep.equal(
      JSON.parse(JSON.stringify(turn.reply.view())),
    )
  })

  it('goes on where a browser was', async () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply)
    const text = turn.write(turn.answer())
    const [snapshot] = await read(log, null)
    const view: ReplyView = JSON.parse(snapshot?.data ?? '')
    text.grow('a', 'b')
    const frames = await read(log, snapshot?.id ?? '')
    expect(frames.map(({ event }) => event)).to.deep.equal(['change', 'change', 'end'])
    expect(foldFrames(frames, view)).to.deep.equal(turn.reply.view())
  })

  it('sends a snapshot to a browser that is far behind, forgotten, or from another life', async () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply, { maxChanges: 20 })
    const text = turn.write(turn.answer())
    const [snapshot] = await read(log, null)
    text.grow(...Array.from({ length: 10 }, () => 'x'))
    expect((await read(log, snapshot?.id ?? '', 5))[0]?.event).to.equal('snapshot')
    text.grow(...Array.from({ length: 30 }, () => 'x'))
    expect((await read(log, snapshot?.id ?? ''))[0]?.event).to.equal('snapshot')
    const other = createChangeLog(turn.reply)
    expect((await read(other, snapshot?.id ?? ''))[0]?.event).to.equal('snapshot')
    expect((await read(log, `${log.epoch}.999999`))[0]?.event).to.equal('snapshot')
    expect((await read(log, 'nonsense'))[0]?.event).to.equal('snapshot')
    expect((await read(log, `${log.epoch}.x`))[0]?.event).to.equal('snapshot')
    expect((await read(other, `${log.epoch}.${log.revision}`))[0]?.event).to.equal('snapshot')
  })

  it('keeps at most as many characters as it is told', () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply, { maxCharacters: 5000 })
    const text = turn.write(turn.answer())
    const { revision } = turn.reply
    text.grow('x'.repeat(3000))
    expect(log.since(revision)).to.have.lengthOf(1)
    text.grow('x'.repeat(3000))
    expect(log.since(revision)).to.equal(null)
  })

  it('sends what a browser missed since the log was closed as one snapshot', async () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply)
    const text = turn.write(turn.answer())
    const [snapshot] = await read(log, null)
    text.grow('a')
    log.close()
    text.grow('b')
    for (const lastEventId of [snapshot?.id ?? '', null]) {
      const frames = eventFrames(log, lastEventId, { ended: Promise.resolve() })
      const events: string[] = []
      for await (const frame of frames) {
        events.push(parseFrame(frame).event)
        if (events.length > 2) break
      }
      expect(events).to.deep.equal(['snapshot', 'end'])
    }
  })

  it('keeps whatever the agent writes inside its frame', async () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply)
    const text = turn.write(turn.answer())
    const id = `${log.epoch}.${log.revision}`
    const attack = 'a\r\n\r\nevent: end\ndata: {}\r\rdata: b\u2028\u2029\u0085\0'
    text.grow(attack)
    const [change, end] = await read(log, id)
    expect(end?.event).to.equal('end')
    expect(change?.data).to.not.match(/[\r\n]/)
    expect(JSON.parse(change?.data ?? '').delta).to.equal(attack)
  })

  it('refuses limits that it could not keep', () => {
    const { reply } = beginTurn()
    const log = createChangeLog(reply)
    expect(() => createChangeLog(reply, { epoch: 'a.1' })).to.throw(TypeError, '`epoch`')
    const refused = /^`(?:max|heartbeat)\w+` must be a number from \d+ to /
    for (const limits of [{ maxChanges: Number.NaN }, { maxCharacters: -1 }])
      expect(() => createChangeLog(reply, limits)).to.throw(RangeError, refused)
    for (const limits of [{ maxBehind: Number.NaN }, { heartbeatMs: 0 }, { heartbeatMs: 2 ** 31 }])
      expect(() => eventFrames(log, null, { ended: never, ...limits })).to.throw(
        RangeError,
        refused,
      )
  })

  it('tells what came while the last changes were read, then the verdict', async () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply)
    const text = turn.write(turn.answer())
    const id = `${log.epoch}.${log.revision}`
    text.grow('a')
    const verdict = turn.reply.settled()
    const events: string[] = []
    for await (const each of eventFrames(log, id, { ended: Promise.resolve(verdict) })) {
      const { event, data } = parseFrame(each)
      if (events.length < 2) text.grow('b')
      events.push(event)
      if (event === 'end') expect(JSON.parse(data)).to.deep.equal(verdict)
    }
    expect(events).to.deep.equal(['change', 'change', 'change', 'end'])
  })

  it('ends in the middle of what there is when it is aborted', async () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply)
    const text = turn.write(turn.answer())
    const id = `${log.epoch}.${log.revision}`
    text.grow('a', 'b')
    const stop = new AbortController()
    const frames = eventFrames(log, id, { ended: never, signal: stop.signal })
    expect((await frames.next()).done).to.equal(false)
    stop.abort()
    expect((await frames.next()).done).to.equal(true)
    const none = eventFrames(log, id, { ended: never, signal: stop.signal })
    expect((await none.next()).done).to.equal(true)
  })

  it('ends also when the turn fails to tell how it ended', async () => {
    const log = createChangeLog(beginTurn().reply)
    const events: string[] = []
    for await (const each of eventFrames(log, null, { ended: Promise.reject(new Error('no')) }))
      events.push(parseFrame(each).event)
    expect(events).to.deep.equal(['snapshot', 'end'])
  })

  it('sends no comment before nothing happened for long enough', async () => {
    const turn = beginTurn()
    const clock = createManualClock()
    const log = createChangeLog(turn.reply)
    const text = turn.write(turn.answer())
    const frames = eventFrames(log, null, { ended: never, heartbeatMs: 1000, clock })
    await frames.next()
    const change = frames.next()
    await clock.advance(600)
    text.grow('a')
    expect(parseFrame((await change).value ?? '').event).to.equal('change')
    let comment = ''
    const next = frames.next().then(({ value }) => (comment = String(value)))
    await clock.advance(999)
    expect(comment).to.equal('')
    await clock.advance(1)
    await next
    expect(comment).to.equal(': heartbeat\n\n')
    await frames.return(undefined)
  })

  it('calls nobody back who has unregistered', () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply)
    let calls = 0
    const stop = log.onChange(() => void (calls += 1))
    turn.answer()
    const before = calls
    stop()
    turn.answer()
    expect(before).to.be.greaterThan(0).and.equal(calls)
  })

  it('sends a comment when nothing happens, so that no proxy hangs up', async () => {
    const turn = beginTurn()
    const clock = createManualClock()
    const stop = new AbortController()
    const log = createChangeLog(turn.reply)
    const frames = eventFrames(log, null, {
      ended: never,
      heartbeatMs: 1000,
      clock,
      signal: stop.signal,
    })
    expect(parseFrame((await frames.next()).value ?? '').event).to.equal('snapshot')
    const next = frames.next()
    await clock.advance(1000)
    expect((await next).value).to.equal(': heartbeat\n\n')
    const last = frames.next()
    stop.abort()
    expect((await last).done).to.equal(true)
    expect(clock.pending).to.equal(0)
  })

  it('gives a reader that sleeps one snapshot instead of all it missed', async () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply)
    const frames = eventFrames(log, null, { ended: never, maxBehind: 50 })
    await frames.next()
    const text = turn.write(turn.answer())
    for (let index = 0; index < 500; index += 1) text.grow('x')
    expect(parseFrame((await frames.next()).value ?? '').event).to.equal('snapshot')
    await frames.return(undefined)
  })
})

describe('the stream over HTTP', () => {
  const servers: Server[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  async function serve(log: ChangeLog, ended: Promise<void>): Promise<string> {
    const server = createServer((request, response) => {
      void writeEventStream(log, request, response, { ended })
    })
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  it('tells a browser that has seen the end not to come again', async () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply)
    const url = await serve(log, Promise.resolve())
    const response = await fetch(url)
    expect(response.headers.get('content-type')).to.equal('text/event-stream; charset=utf-8')
    const frames = (await response.text()).trim().split('\n\n').map(parseFrame)
    const lastEventId = frames.at(-1)?.id ?? ''
    expect((await fetch(url, { headers: { 'last-event-id': lastEventId } })).status).to.equal(204)
    const request = new Request(url, { headers: { 'last-event-id': lastEventId } })
    expect(toEventResponse(log, request, { ended: Promise.resolve() }).status).to.equal(204)
  })

  it('waits for a slow browser instead of buffering for it', async () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply)
    let end: () => void = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const response = await fetch(await serve(log, ended))
    const reader = response.body?.getReader()
    const text = turn.write(turn.answer())
    for (let index = 0; index < 300; index += 1) text.grow('0123456789'.repeat(1000))
    end()
    let received = ''
    const decoder = new TextDecoder()
    for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
      received += decoder.decode(next.value, { stream: true })
    }
    const frames = received.trim().split('\n\n').map(parseFrame)
    expect(frames.at(-1)?.event).to.equal('end')
    expect(foldFrames(frames, turn.reply.view()).parts).to.deep.equal(turn.reply.view().parts)
  })

  it('stops when the host says so', async () => {
    const log = createChangeLog(beginTurn().reply)
    const stop = new AbortController()
    const request = new Request('http://127.0.0.1/')
    const response = toEventResponse(log, request, { ended: never, signal: stop.signal })
    const text = response.text()
    stop.abort()
    expect(await text).to.not.include('event: end')
  })

  it('stops when the browser leaves', async () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply)
    const left = new AbortController()
    const response = toEventResponse(
      log,
      new Request('http://127.0.0.1/', { signal: left.signal }),
      { ended: never },
    )
    const reader = response.body?.getReader()
    await reader?.read()
    const next = reader?.read()
    left.abort()
    expect((await next)?.done).to.equal(true)
  })
})
