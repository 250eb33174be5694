import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { deliver, deliveries, pollAll } from '../laws/delivery.js'
import { histories } from '../laws/history.js'
import { createReply, observeAnswer } from '../src/index.js'
import type { Reply } from '../src/index.js'
import { beginTurn } from './support/turn.js'

interface Listener {
  /** The answer as far as it was reported. */
  text: string
  readonly pieces: string[]
  stop(): void
}

function listen(reply: Reply): Listener {
  const listener: Listener = { text: '', pieces: [], stop: () => {} }
  listener.stop = observeAnswer(reply, {
    added(piece) {
      listener.text += piece
      listener.pieces.push(piece)
    },
    replaced(text) {
      listener.text = text
      listener.pieces.push(`= ${text}`)
    },
  })
  return listener
}

describe('observeAnswer', () => {
  it('reports the answer as it grows, part by part', () => {
    const turn = beginTurn()
    const listener = listen(turn.reply)
    const message = turn.answer()
    const first = turn.write(message)
    first.grow('Hel', 'lo')
    first.end('Hello')
    turn.write(message).grow('World')
    expect(listener.pieces).to.deep.equal(['Hel', 'lo', '\n\nWorld'])
    listener.stop()
    turn.write(message).end('later')
    expect(listener.pieces).to.have.lengthOf(3)
  })

  it('leaves out reasoning, sub-agents, summaries and what the server wrote', () => {
    const turn = beginTurn()
    const listener = listen(turn.reply)
    const message = turn.answer()
    turn.write(message, 'reasoning').grow('secret thought')
    const { server } = turn
    const child = server.openSession(turn.sessionId, 'x', 'general')
    const sub = server.addMessage(child, { role: 'assistant', parentID: 'msg_x' })
    server.putPart(sub, { type: 'text', text: 'CHILD TEXT', time: { start: 1, end: 2 } })
    server.putPart(message, { type: 'text', text: 'by the server', synthetic: true })
    const summary = turn.answer()
    server.patchMessage(summary, { summary: true })
    turn.hear()
    turn.write(summary).grow('a summary')
    turn.write(turn.answer()).grow('The answer.')
    expect(listener.pieces).to.deep.equal(['The answer.'])
  })

  it('says what takes the place of an attempt that failed, and of a text that was corrected', () => {
    const turn = beginTurn()
    const listener = listen(turn.reply)
    const message = turn.answer()
    turn.server.putPart(message, { type: 'step-start', snapshot: 'a' })
    turn.write(message).end('Half')
    turn.server.putPart(message, { type: 'step-start', snapshot: 'a' })
    turn.hear()
    const text = turn.write(message)
    text.grow('Whole ')
    text.end('Whole')
    expect(listener.pieces).to.deep.equal(['Half', '= ', 'Whole ', '= Whole'])
  })

  it('begins with what is there already', () => {
    const turn = beginTurn()
    turn.write(turn.answer()).end('Before.')
    expect(listen(turn.reply).text).to.equal('Before.')
  })

  it('has the answer of the result at every moment, however events and polls come', () => {
    fc.assert(
      fc.property(deliveries(histories), (delivery) => {
        const { sessionId, promptId, polls } = delivery.history
        const reply = createReply({ sessionId, promptId })
        const listener = listen(reply)
        const check = (): void => {
          expect(listener.text).to.equal(reply.result().text)
        }
        deliver(reply, delivery, check)
        pollAll(reply, polls.at(-1))
        check()
        reply.close()
        check()
      }),
      { numRuns: 150 },
    )
  })
})
