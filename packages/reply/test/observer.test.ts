import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createManualClock } from '@turnstead/testkit'
import { changesOf, foldChange, throttle } from '../src/changes.js'
import type { Change } from '../src/index.js'
import { beginTurn } from './support/turn.js'

describe('observers of a reply', () => {
  it('hear what happens, each its own subset', () => {
    const heard: string[] = []
    const turn = beginTurn({
      observers: [
        {
          textDelta: ({ delta, length }) => void heard.push(`delta ${delta} ${length}`),
          partFinished: ({ part }) => void heard.push(`finished ${part.kind}`),
        },
        { partAdded: ({ part }) => void heard.push(`added ${part.kind}`) },
      ],
    })
    const text = turn.write(turn.answer())
    text.grow('ab', 'c')
    text.end('abc')
    expect(heard).to.deep.equal(['added text', 'delta ab 2', 'delta c 3', 'finished text'])
  })

  it('do not harm the reply or each other when they throw', () => {
    const errors: unknown[] = []
    let heard = 0
    const turn = beginTurn({
      observers: [
        {
          changed() {
            throw new Error('mine')
          },
        },
        { changed: () => void (heard += 1) },
      ],
      onObserverError(error) {
        errors.push(error)
        throw new Error('and the handler')
      },
    })
    turn.write(turn.answer()).grow('still here')
    expect(turn.reply.result().text).to.equal('still here')
    expect(heard).to.equal(turn.reply.revision)
    expect(errors).to.have.lengthOf(heard)
  })

  it('may apply events themselves, and everybody hears them in order', () => {
    const revisions: number[] = []
    const turn = beginTurn()
    let once = true
    turn.reply.observe({
      partAdded() {
        if (once)
          turn.server.send('session.status', {
            sessionID: turn.sessionId,
            status: { type: 'busy' },
          })
        once = false
        turn.reply.apply(turn.server.events.at(-1))
      },
    })
    turn.reply.observe({ changed: ({ revision }) => void revisions.push(revision) })
    turn.write(turn.answer())
    expect(revisions).to.deep.equal([1, 2, 3])
  })

  it('hear nothing that is older than they are', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const revisions: number[] = []
    const leave = turn.reply.observe({
      changed() {
        leave()
        turn.reply.observe({ changed: ({ revision }) => void revisions.push(revision) })
      },
    })
    turn.server.putPart(message, { type: 'step-finish', reason: 'stop', cost: 1 })
    turn.hear()
    const seen = turn.reply.revision
    expect(revisions).to.deep.equal([])
    turn.answer()
    expect(revisions).to.deep.equal([seen + 1])
  })

  it('hear nothing after another observer made them leave', () => {
    const turn = beginTurn()
    let heard = 0
    let leave: () => void = () => {}
    turn.reply.observe({ changed: () => leave() })
    leave = turn.reply.observe({ changed: () => void (heard += 1) })
    turn.answer()
    expect(heard).to.equal(0)
  })

  it('hear nothing after they left', () => {
    const turn = beginTurn()
    let heard = 0
    const leave = turn.reply.observe({ changed: () => void (heard += 1) })
    turn.answer()
    leave()
    leave()
    turn.answer()
    expect(heard).to.equal(1)
  })
})

describe('changesOf', () => {
  it('gives a slow reader the last state, merged', async () => {
    const turn = beginTurn()
    const before = turn.reply.view()
    const changes = changesOf(turn.reply)
    const text = turn.write(turn.answer())
    for (let index = 0; index < 100; index += 1) text.grow('x')
    let view = before
    let count = 0
    for await (const change of changes) {
      view = foldChange(view, change)
      count += 1
      if (view.revision === turn.reply.revision) break
    }
    expect(view).to.deep.equal(turn.reply.view())
    expect(count).to.be.below(5)
  })

  it('does not swallow that a text was finished', async () => {
    const turn = beginTurn()
    const message = turn.answer()
    const text = turn.write(message)
    const changes = changesOf(turn.reply)
    text.grow('ab')
    text.end('ab')
    turn.server.putPart(message, {
      id: text.id,
      type: 'text',
      text: 'patched',
      time: { start: 1, end: 2 },
    })
    turn.hear()
    const heard: string[] = []
    for await (const change of changes) {
      heard.push(
        'part' in change && 'text' in change.part
          ? `${change.type} ${change.part.text}`
          : change.type,
      )
      if (change.revision === turn.reply.revision) break
    }
    expect(heard.at(-1)).to.equal('part-finished patched')
  })

  it('passes the reason of an abort on', async () => {
    const turn = beginTurn()
    const stop = new AbortController()
    const changes = changesOf(turn.reply, { signal: stop.signal })[Symbol.asyncIterator]()
    const next = changes.next()
    const reason = new Error('enough')
    stop.abort(reason)
    expect(await next.catch((error: unknown) => error)).to.equal(reason)
  })
})

describe('changesOf a reader that never began', () => {
  it('lets go of the reply when it is aborted', () => {
    const { reply } = beginTurn()
    let observers = 0
    const observe: typeof reply.observe = (observer) => {
      observers += 1
      const leave = reply.observe(observer)
      return () => {
        observers -= 1
        leave()
      }
    }
    const stop = new AbortController()
    changesOf({ observe }, { signal: stop.signal })
    expect(observers).to.equal(1)
    stop.abort()
    changesOf({ observe }, { signal: stop.signal })
    expect(observers).to.equal(0)
  })
})

describe('throttle', () => {
  it('delivers the first change at once and the last state at the end of an interval', async () => {
    const clock = createManualClock()
    const heard: Change['type'][] = []
    const throttled = throttle(
      { changed: ({ type }) => void heard.push(type) },
      { intervalMs: 100, clock },
    )
    const turn = beginTurn({ observers: [throttled] })
    const text = turn.write(turn.answer())
    expect(heard).to.deep.equal(['message-changed'])
    text.grow('a', 'b', 'c')
    expect(heard).to.have.lengthOf(1)
    await clock.advance(100)
    expect(heard).to.deep.equal(['message-changed', 'part-added'])
    text.grow('d')
    throttled.close()
    expect(heard).to.deep.equal(['message-changed', 'part-added', 'text-delta'])
    text.grow('e')
    expect(heard).to.have.lengthOf(4)
  })

  it('goes on when its observer throws, and the handler of that throws too', async () => {
    const clock = createManualClock()
    let heard = 0
    const throttled = throttle(
      {
        changed() {
          heard += 1
          throw new Error('mine')
        },
      },
      {
        clock,
        onObserverError() {
          throw new Error('and the handler')
        },
      },
    )
    const turn = beginTurn({ observers: [throttled] })
    const message = turn.answer()
    turn.write(message)
    turn.write(message)
    expect(heard).to.equal(1)
    await clock.advance(100)
    expect(heard).to.equal(turn.reply.revision)
    throttled.close()
  })

  it('names a wrong interval', () => {
    expect(() => throttle({}, { intervalMs: -1 })).to.throw(RangeError, '`intervalMs`')
  })
})
