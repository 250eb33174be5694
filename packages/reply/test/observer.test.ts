import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createManualClock } from '@turnstead/testkit'
import { foldChange, throttle } from '../src/changes.js'
import type { Change } from '../src/index.js'
import { beginTurn } from './support/turn.js'
import { turnOfTheLoop } from './support/turn-of-the-loop.js'

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

  it('do no harm either when they reject, each callback for itself', async () => {
    const errors: unknown[] = []
    const heard: string[] = []
    const turn = beginTurn({
      observers: [
        {
          changed: () => Promise.reject(new Error('mine')),
          messageChanged: () => void heard.push('messageChanged'),
        },
        {
          changed() {
            throw new Error('mine, too')
          },
          messageChanged: () => void heard.push('messageChanged, too'),
        },
      ],
      onObserverError(error) {
        errors.push(String(error))
        return Promise.reject(new Error('and the handler'))
      },
    })
    turn.answer()
    expect(heard).to.deep.equal(['messageChanged', 'messageChanged, too'])
    await turnOfTheLoop()
    expect(errors).to.deep.equal(['Error: mine, too', 'Error: mine'])
  })

  it('may be called with another `this`, and give anything back', async () => {
    const errors: unknown[] = []
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error('a getter')
        },
      },
    )
    class Counting {
      count = 0
      changed(): object {
        this.count += 1
        return hostile
      }
    }
    const counting = new Counting()
    const turn = beginTurn({
      observers: [counting],
      onObserverError: (error) => void errors.push(String(error)),
    })
    turn.answer()
    await turnOfTheLoop()
    expect(counting.count).to.equal(1)
    expect(errors).to.deep.equal(['Error: a getter'])
  })

  it('are notified of texts that turn out to be a summary', () => {
    const changes: Change[] = []
    const turn = beginTurn({ observers: [{ changed: (change) => void changes.push(change) }] })
    const message = turn.answer()
    turn.write(message).end('## Goal')
    turn.server.patchMessage(message, { summary: true })
    turn.hear()
    expect(turn.reply.view().parts[0]).to.include({ summary: true })
    const before = beginTurn().reply.view()
    expect(changes.reduce(foldChange, before).parts).to.deep.equal(turn.reply.view().parts)
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

  it('goes on when its observer rejects', async () => {
    const errors: unknown[] = []
    const throttled = throttle(
      { changed: () => Promise.reject(new Error('mine')) },
      { clock: createManualClock(), onObserverError: (error) => void errors.push(String(error)) },
    )
    beginTurn({ observers: [throttled] }).answer()
    await turnOfTheLoop()
    expect(errors).to.deep.equal(['Error: mine'])
    throttled.close()
  })

  it('names a wrong interval, also one that no timer takes', () => {
    for (const intervalMs of [-1, Number.NaN, Infinity, 2 ** 31]) {
      expect(() => throttle({}, { intervalMs })).to.throw(RangeError, '`intervalMs`')
    }
    throttle({}, { intervalMs: 0 })
    throttle({}, { intervalMs: 2 ** 31 - 1 })
  })
})
