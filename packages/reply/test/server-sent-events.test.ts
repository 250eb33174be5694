import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import type { ReplyView } from '../src/index.js'
import { createChangeLog, eventFrames } from '../src/server-sent-events.js'
import type { ChangeLog } from '../src/server-sent-events.js'
import { foldFrames, parseFrame } from './support/frames.js'
import type { Frame } from './support/frames.js'
import { beginTurn } from './support/turn.js'
import { createSettableClock } from './support/settable-clock.js'

/** Reads what is there now, as a browser would that then hangs up. */
async function read(log: ChangeLog, lastEventId: string | null, maxBehind = 200): Promise<Frame[]> {
  const frames: Frame[] = []
  for await (const text of eventFrames(log, lastEventId, { ended: Promise.resolve(), maxBehind })) {
    frames.push(parseFrame(text))
  }
  return frames
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

  it('keeps at most as many characters as it may', () => {
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
    const verdict = turn.reply.outcome()
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

  it('sends a comment in time when the time of the machine is set back', async () => {
    const clock = createManualClock()
    const machine = createSettableClock(clock)
    const log = createChangeLog(beginTurn().reply)
    const options = { ended: never, heartbeatMs: 1000, clock: machine }
    const frames = eventFrames(log, null, options)
    await frames.next()
    const next = frames.next()
    machine.setBack()
    await clock.advance(1000)
    expect((await next).value).to.equal(': heartbeat\n\n')
    await frames.return(undefined)
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

  it('calls no one back who has unregistered', () => {
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
