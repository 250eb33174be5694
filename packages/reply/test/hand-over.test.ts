import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createReply, parseReply } from '../src/index.js'
import type { Reply } from '../src/index.js'
import { beginTurn } from './support/turn.js'
import type { Turn } from './support/turn.js'

/** Another prompt in the same session. */
function ask(turn: Turn): string {
  const id = turn.server.addMessage(turn.sessionId, { role: 'user' })
  turn.server.putPart(id, { type: 'text', text: 'and this' })
  turn.hear()
  return id
}

function answerTo(turn: Turn, prompt: string, text: string, patch = { finish: 'stop' }): string {
  const message = turn.answer(prompt)
  turn.write(message).end(text)
  turn.complete(message, patch)
  return message
}

/** The reply that heard everything, one that only polls, and one that was stored. */
function each(turn: Turn, promptId: string, others: readonly string[]): readonly Reply[] {
  const polled = createReply({ sessionId: turn.sessionId, promptId })
  const heard = promptId === turn.promptId ? turn.reply : polled
  for (const reply of [polled, heard]) for (const other of others) reply.handOver(other)
  polled.reconcile(turn.server.poll().messages.get(turn.sessionId))
  return [heard, polled, parseReply(heard.serialize()), parseReply(polled.toJSON())]
}

describe('a prompt of another turn that comes while a run is on', () => {
  it('takes the answers that follow, with their cost, and the reply before it is completed', () => {
    const turn = beginTurn()
    const first = answerTo(turn, turn.promptId, 'I look.', { finish: 'tool-calls' })
    const later = ask(turn)
    for (const reply of each(turn, turn.promptId, [later])) {
      expect(reply.outcome({ sessionIdle: false }).state).to.equal('running')
      expect(reply.outcome().answeredBy).to.equal(null)
    }
    const second = answerTo(turn, later, 'Both.', { finish: 'tool-calls' })
    const third = answerTo(turn, later, 'Done.')
    for (const reply of each(turn, turn.promptId, [later])) {
      expect(reply.result().text).to.equal('I look.')
      const outcome = { state: 'completed', messageId: first, answeredBy: later, rejected: false }
      expect(reply.outcome()).to.deep.include(outcome)
      expect(reply.outcome({ sessionIdle: true })).to.deep.include(outcome)
      expect(reply.outcome({ sessionIdle: false })).to.deep.include({ state: 'running' })
      expect([first, second, third].map((id) => reply.owns(id))).to.deep.equal([true, false, false])
    }
    for (const reply of each(turn, later, [turn.promptId])) {
      expect(reply.result().text).to.equal('Both.\n\nDone.')
      expect(reply.outcome()).to.deep.include({ state: 'completed', answeredBy: null })
    }
  })

  for (const isRepeated of [true, false]) {
    const also = isRepeated ? ', and before what the server asks once more' : ''
    it(`is not taken for the server's own where it comes right after an overflow${also}`, () => {
      const turn = beginTurn()
      turn.complete(turn.answer(), {})
      const asked = turn.server.addMessage(turn.sessionId, { role: 'user' })
      turn.server.putPart(asked, { type: 'compaction', auto: true, overflow: true })
      turn.hear()
      turn.complete(turn.answer(asked), { finish: 'stop', summary: true })
      const later = ask(turn)
      answerTo(turn, isRepeated ? ask(turn) : later, 'Both.')
      for (const reply of each(turn, turn.promptId, [later])) {
        expect(reply.result().text).to.equal('')
        expect(reply.outcome()).to.deep.include({ state: 'completed', answeredBy: later })
      }
      for (const reply of each(turn, later, [turn.promptId])) {
        expect(reply.result().text).to.equal('Both.')
        expect(reply.outcome().state).to.equal('completed')
      }
    })
  }

  it('completes one that was not answered at all, and each has the part that is its own', () => {
    const turn = beginTurn()
    const later = ask(turn)
    const last = ask(turn)
    const message = answerTo(turn, last, 'All three.')
    for (const [prompt, others] of [
      [turn.promptId, [later, last]],
      [later, [turn.promptId, last]],
    ] as const) {
      for (const reply of each(turn, prompt, others)) {
        expect(reply.result()).to.include({ text: '', cost: 0 })
        const outcome = { state: 'completed', messageId: message, answeredBy: last, finish: '' }
        expect(reply.outcome()).to.deep.include(outcome)
      }
    }
    for (const reply of each(turn, last, [turn.promptId, later])) {
      expect(reply.result().text).to.equal('All three.')
    }
  })

  it('leaves a reply alone that had ended, failed or is open when it comes', () => {
    for (const patch of [{ finish: 'stop' }, { error: { name: 'APIError', data: {} } }, null]) {
      const turn = beginTurn()
      const message = turn.answer()
      turn.write(message).end('Mine.')
      if (patch !== null) turn.complete(message, patch)
      const later = ask(turn)
      answerTo(turn, later, 'Theirs.')
      for (const reply of each(turn, turn.promptId, [later])) {
        expect(reply.outcome().answeredBy).to.equal(null)
        expect(reply.result().text).to.equal('Mine.')
      }
    }
  })

  it('shares the answer with a prompt of someone else that came between', () => {
    const turn = beginTurn()
    answerTo(turn, turn.promptId, 'I look.', { finish: 'tool-calls' })
    const later = ask(turn)
    const foreign = ask(turn)
    answerTo(turn, foreign, 'All.')
    for (const reply of each(turn, turn.promptId, [later])) {
      expect(reply.outcome()).to.include({ state: 'completed', answeredBy: later })
      expect(reply.result().text).to.equal('I look.')
    }
    for (const reply of each(turn, later, [turn.promptId])) {
      expect(reply.outcome()).to.include({ state: 'completed', answeredBy: foreign })
      expect(reply.result().text).to.equal('All.')
    }
  })

  it('takes an answer back that was shown before it was known whose it is', () => {
    const turn = beginTurn()
    answerTo(turn, turn.promptId, 'I look.', { finish: 'tool-calls' })
    const later = ask(turn)
    answerTo(turn, later, 'Both.')
    expect(turn.reply.result().text).to.equal('I look.\n\nBoth.')
    turn.reply.handOver(later)
    turn.reply.handOver(turn.promptId)
    expect(turn.reply.result().text).to.equal('I look.')
  })

  it('changes nothing of a reply that was closed', () => {
    const turn = beginTurn()
    answerTo(turn, turn.promptId, 'I look.', { finish: 'tool-calls' })
    const later = ask(turn)
    turn.reply.handOver(later)
    answerTo(turn, later, 'Both.')
    turn.reply.close()
    answerTo(turn, later, 'More.')
    expect(turn.reply.outcome()).to.include({ state: 'completed', answeredBy: later })
    expect(turn.reply.result().text).to.equal('I look.')
  })
})
