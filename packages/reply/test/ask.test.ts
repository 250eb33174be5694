import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createReply } from '../src/index.js'
import type { Ask } from '../src/index.js'
import { beginTurn } from './support/turn.js'
import type { Turn } from './support/turn.js'

function shownOn({ reply }: Turn): readonly Ask[] {
  return reply.result().tools[0]?.asks ?? []
}

describe('asks of a reply', () => {
  it('decorate their tool call whichever comes first, and survive everything', () => {
    for (const askFirst of [true, false]) {
      const turn = beginTurn()
      const message = turn.answer()
      const ask = (): void => {
        turn.server.ask(turn.sessionId, { messageID: message, callID: 'call_1' })
        turn.hear()
      }
      if (askFirst) ask()
      const id = turn.call(message, { status: 'pending', input: {} })
      if (!askFirst) ask()
      turn.call(message, { status: 'running', input: { command: 'ls' } }, 'bash', id)
      turn.call(message, { status: 'running', input: { command: 'ls' } }, 'bash', id)
      turn.poll()
      expect(shownOn(turn).map(({ state }) => state)).to.deep.equal(['open'])
      expect(turn.reply.isBlocked()).to.equal(true)
    }
  })

  it('are closed by their answer', () => {
    const turn = beginTurn()
    turn.server.answer(turn.sessionId, turn.server.ask(turn.sessionId, null), 'once')
    turn.server.answer(turn.sessionId, turn.server.ask(turn.sessionId, null), 'reject')
    turn.hear()
    const replies = turn.reply.asks.map((ask) => [
      ask.state,
      ask.kind === 'permission' && ask.reply,
    ])
    expect(replies).to.deep.equal([
      ['answered', 'once'],
      ['rejected', 'reject'],
    ])
    expect(turn.reply.isBlocked()).to.equal(false)
  })

  it('do not open when their answer was seen first', () => {
    const turn = beginTurn()
    const id = turn.server.ask(turn.sessionId, null)
    turn.server.answer(turn.sessionId, id, 'once')
    for (const event of [...turn.server.events].reverse()) turn.reply.apply(event)
    expect(turn.reply.isBlocked()).to.equal(false)
  })

  it('are seeded from the lists and expire when the lists do not hold them', () => {
    const turn = beginTurn()
    turn.server.ask(turn.sessionId, null)
    const { permissions } = turn.server.poll()
    turn.reply.reconcile(undefined, { permissions })
    expect(turn.reply.isBlocked()).to.equal(true)
    turn.reply.reconcile(undefined, { permissions: [] })
    expect(turn.reply.asks.map(({ state }) => state)).to.deep.equal(['expired'])
    turn.reply.reconcile(undefined, { permissions })
    expect(turn.reply.isBlocked()).to.equal(true)
  })

  it('do not expire by a list that was asked for before them', () => {
    const turn = beginTurn()
    const { revision } = turn.reply
    turn.server.ask(turn.sessionId, null)
    turn.hear()
    turn.reply.reconcile(undefined, { permissions: [], revision })
    expect(turn.reply.isBlocked()).to.equal(true)
  })

  it('are not opened again by a list that is older than the one that ended them', () => {
    const turn = beginTurn()
    turn.server.ask(turn.sessionId, null)
    turn.hear()
    const { revision } = turn.reply
    const { permissions } = turn.server.poll()
    turn.reply.reconcile(undefined, { permissions: [] })
    turn.reply.reconcile(undefined, { permissions, revision })
    expect(turn.reply.isBlocked()).to.equal(false)
  })

  it('leave the registry alone when a list cannot be read', () => {
    const turn = beginTurn()
    turn.server.ask(turn.sessionId, null)
    turn.hear()
    turn.reply.reconcile(undefined, { permissions: { _tag: 'BadRequest' } })
    expect(turn.reply.isBlocked()).to.equal(true)
  })

  it('of other sessions and of other turns are not ours', () => {
    const turn = beginTurn()
    const other = turn.server.openSession(null, 'other', null)
    turn.server.ask(other, null)
    turn.complete(turn.answer())
    const prompt = turn.server.addMessage(turn.sessionId, { role: 'user' })
    turn.server.putPart(prompt, { type: 'text', text: 'another prompt' })
    const message = turn.server.addMessage(turn.sessionId, { role: 'assistant', parentID: prompt })
    turn.server.ask(turn.sessionId, { messageID: message, callID: 'c' })
    turn.hear()
    expect(turn.reply.asks).to.deep.equal([])
  })

  it('turn out to be of another turn when their message becomes known', () => {
    const turn = beginTurn()
    turn.complete(turn.answer())
    const prompt = turn.server.addMessage(turn.sessionId, { role: 'user' })
    turn.server.putPart(prompt, { type: 'text', text: 'another prompt' })
    turn.hear()
    const message = turn.server.addMessage(turn.sessionId, { role: 'assistant', parentID: prompt })
    turn.server.ask(turn.sessionId, { messageID: message, callID: 'c' })
    const [announced, asked] = turn.server.events.slice(-2)
    turn.reply.apply(asked)
    expect(turn.reply.isBlocked()).to.equal(true)
    turn.reply.apply(announced)
    expect(turn.reply.isBlocked()).to.equal(false)
  })

  it('turn out to be of another turn when the prompt of their message becomes known', () => {
    const turn = beginTurn()
    turn.complete(turn.answer())
    const prompt = turn.server.addMessage(turn.sessionId, { role: 'user' })
    const message = turn.server.addMessage(turn.sessionId, { role: 'assistant', parentID: prompt })
    turn.server.ask(turn.sessionId, { messageID: message, callID: 'c' })
    const [prompted, ...rest] = turn.server.events.slice(-3)
    for (const event of rest) turn.reply.apply(event)
    expect(turn.reply.isBlocked()).to.equal(true)
    turn.reply.apply(prompted)
    expect(turn.reply.asks).to.deep.equal([])
  })

  it('that name no tool call are parts of their own', () => {
    const turn = beginTurn()
    turn.answer()
    turn.server.ask(turn.sessionId, null)
    turn.hear()
    expect(turn.reply.parts[0]).to.include({ kind: 'ask', provenance: 'stream' })
  })

  it('are shown as what became of them, and not when they were over before', () => {
    const turn = beginTurn()
    const { server, sessionId, reply } = turn
    turn.answer()
    server.ask(sessionId, null)
    turn.hear()
    reply.reconcile(undefined, { permissions: [] })
    expect(reply.parts[0]).to.have.nested.property('ask.state', 'expired')
    const answer = { sessionID: sessionId, requestID: server.newId('per'), reply: 'once' }
    reply.apply({ type: 'permission.replied', properties: answer })
    expect(reply.asks).to.have.lengthOf(2)
    expect(reply.parts).to.have.lengthOf(1)
  })

  it('keep the answers to questions', () => {
    const turn = beginTurn()
    const id = 'que_1'
    const questions = [{ question: 'Which?', options: [{ label: 'Red' }] }]
    turn.server.send('question.asked', { id, sessionID: turn.sessionId, questions })
    turn.server.send('question.replied', {
      sessionID: turn.sessionId,
      requestID: id,
      answers: [['Red']],
    })
    turn.hear()
    const which = { text: 'Which?', header: '', multiple: false, custom: true }
    expect(turn.reply.asks[0]).to.deep.include({
      state: 'answered',
      questions: [{ ...which, options: [{ label: 'Red', description: '' }] }],
      answers: [['Red']],
    })
  })

  it('read whatever the agent asks, field by field', () => {
    const turn = beginTurn()
    const { sessionId: sessionID } = turn
    const asked = { question: 'Which?', header: 'Colour', multiple: true, custom: false }
    const questions = [null, { ...asked, options: [7, { label: 'Red', description: 'warm' }] }]
    turn.server.send('question.asked', { id: 'que_1', sessionID, questions })
    turn.server.send('question.replied', { sessionID, requestID: 'que_1', answers: [7, ['a', 7]] })
    turn.hear()
    const nothing = { label: '', description: '' }
    expect(turn.reply.asks[0]).to.deep.include({
      questions: [
        { text: '', header: '', options: [], multiple: false, custom: true },
        {
          text: 'Which?',
          header: 'Colour',
          options: [nothing, { label: 'Red', description: 'warm' }],
          multiple: true,
          custom: false,
        },
      ],
      answers: [[], ['a']],
    })
  })

  it('say when they were asked and answered, by the clock of the server', () => {
    const turn = beginTurn()
    const asked = turn.server.tick().now + 1
    const id = turn.server.ask(turn.sessionId, null)
    turn.hear()
    expect(turn.reply.asks[0]).to.include({ askedAt: asked, answeredAt: null })
    turn.server.answer(turn.sessionId, id, 'once')
    turn.hear()
    expect(turn.reply.asks[0]).to.include({ askedAt: asked, answeredAt: asked + 2 })
  })

  it('leave their tool call, too, while it is not known to be of this turn', () => {
    const { server, sessionId, promptId } = beginTurn()
    const asked = server.addMessage(sessionId, { role: 'user' })
    server.putPart(asked, { type: 'compaction', auto: true })
    const message = server.addMessage(sessionId, { role: 'assistant', parentID: asked })
    const state = { status: 'running', input: {}, time: { start: 1 } }
    server.putPart(message, { type: 'tool', callID: 'c', tool: 'bash', state })
    server.ask(sessionId, { messageID: message, callID: 'c' })
    server.patchMessage(promptId, { time: { created: server.tick().now } })
    const reply = createReply({ sessionId, promptId })
    for (const event of server.events.slice(3, -1)) reply.apply(event)
    expect(reply.result().tools.map(({ asks }) => asks.length)).to.deep.equal([1])
    reply.apply(server.events.at(-1))
    expect(reply.result().tools).to.deep.equal([])
    reply.reconcile(server.poll().messages.get(sessionId), { permissions: [] })
    expect(reply.asks).to.deep.equal([])
    expect(reply.result().tools.map(({ asks }) => asks.length)).to.deep.equal([0])
  })
})
