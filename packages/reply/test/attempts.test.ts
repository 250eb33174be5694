import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createReply } from '../src/index.js'
import { createUiMessageEncoder, toUiMessage } from '../src/ui-message-stream.js'
import { beginTurn } from './support/turn.js'
import type { Turn } from './support/turn.js'

function begin(): { readonly turn: Turn; readonly message: string; step(): void } {
  const turn = beginTurn()
  const message = turn.answer()
  const step = (): void => {
    turn.server.putPart(message, { type: 'step-start', snapshot: 'a' })
    turn.hear()
  }
  step()
  return { turn, message, step }
}

describe('the texts of attempts that failed in one message', () => {
  it('are shown as such and are no part of the answer, streamed and polled', () => {
    const { turn, message, step } = begin()
    turn.write(message, 'reasoning').end('half a thought')
    turn.write(message).end('Half an ans')
    step()
    turn.write(message).end('Half an ans')
    step()
    turn.write(message).end('The whole answer.')
    turn.server.putPart(message, { type: 'step-finish', reason: 'stop', cost: 1 })
    turn.complete(message)
    const { sessionId, promptId } = turn
    const polled = createReply({ sessionId, promptId })
    polled.reconcile(turn.server.poll().messages.get(sessionId))
    for (const reply of [turn.reply, polled]) {
      expect(reply.result()).to.include({ text: 'The whole answer.', reasoning: null })
      const marks = reply.parts.flatMap((part) => (part.kind === 'text' ? [part.superseded] : []))
      expect(marks).to.deep.equal([true, true, false])
    }
  })

  it('are distinguished from those of a step that ended', () => {
    const { turn, message, step } = begin()
    turn.write(message).end('One.')
    turn.server.putPart(message, { type: 'step-finish', reason: 'tool-calls', cost: 1 })
    step()
    turn.write(message).end('Two.')
    expect(turn.reply.result().text).to.equal('One.\n\nTwo.')
  })

  it('are part of the answer again when the step that followed is taken back', () => {
    const { turn, message, step } = begin()
    turn.write(message).end('One.')
    step()
    expect(turn.reply.result().text).to.equal('')
    const last = turn.reply.parts.at(-1)?.id ?? ''
    turn.server.removePart(message, last)
    turn.hear()
    expect(turn.reply.result().text).to.equal('One.')
  })

  it('are taken back from a reader of UI chunks and marked when they are sent again', () => {
    const { turn, message, step } = begin()
    const encoder = createUiMessageEncoder(turn.reply)
    const text = turn.write(message)
    text.end('Half')
    encoder.next()
    step()
    const chunks = encoder.next()
    expect(chunks.map(({ type }) => type)).to.include('data-withdrawn')
    const marked = { turnstead: { partId: text.id, superseded: true } }
    expect(chunks.find(({ type }) => type === 'text-start')).to.deep.include({
      providerMetadata: marked,
    })
    const shown = toUiMessage(turn.reply).parts.find(({ type }) => type === 'text')
    expect(shown).to.deep.include({ providerMetadata: marked })
  })

  it('are also those that a later run repeats, after the server died over the first one', () => {
    const { turn, message } = begin()
    turn.write(message).grow('First half')
    turn.reply.reconcile(turn.server.poll().messages.get(turn.sessionId), { sessionIdle: true })
    expect(turn.reply.parts.at(-1)).to.include({ lost: true, superseded: false })
    const again = turn.answer()
    turn.write(again).end('First half and the rest')
    turn.complete(again)
    const texts = turn.reply.parts.flatMap((part) => (part.kind === 'text' ? [part] : []))
    expect(texts.map(({ superseded }) => superseded)).to.deep.equal([true, false])
    expect(turn.reply.result().text).to.equal('First half and the rest')
  })

  it('lose their mark when the server states them after all', () => {
    const { turn, message } = begin()
    const text = turn.write(message)
    text.grow('First')
    turn.reply.reconcile(undefined, { sessionIdle: true })
    turn.complete(turn.answer(), { finish: 'tool-calls' })
    expect(turn.reply.part(text.id)).to.include({ superseded: true })
    text.end('First.')
    expect(turn.reply.part(text.id)).to.include({ superseded: false, lost: false })
  })
})
