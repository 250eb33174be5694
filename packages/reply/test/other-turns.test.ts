import { expect } from 'chai'
import { describe, it } from 'mocha'
import { ServerModel } from '../laws/server-model.js'
import { continuation } from '../laws/server-data.js'
import { createReply } from '../src/index.js'
import type { Reply } from '../src/index.js'
import { beginTurn } from './support/turn.js'
import type { Turn } from './support/turn.js'

interface SecondTurn {
  readonly server: ServerModel
  readonly sessionId: string
  readonly earlier: string
  readonly earlierAnswer: string
  readonly reply: Reply
  /** Hands the reply what the server sent since the prompt was made. */
  hear(): void
}

/** A session whose first turn left its answer open; the reply is to the second prompt. */
function beginSecondTurn(
  leaveBehind: (server: ServerModel, sessionId: string) => void,
): SecondTurn {
  const server = new ServerModel()
  const sessionId = server.openSession(null, 'test', null)
  const earlier = server.addMessage(sessionId, { role: 'user' })
  server.putPart(earlier, { type: 'text', text: 'an earlier prompt' })
  const earlierAnswer = server.addMessage(sessionId, { role: 'assistant', parentID: earlier })
  leaveBehind(server, sessionId)
  let heard = server.events.length
  const promptId = server.addMessage(sessionId, { role: 'user' })
  server.putPart(promptId, { type: 'text', text: 'the prompt' })
  const reply = createReply({ sessionId, promptId })
  const hear = (): void => {
    for (const event of server.events.slice(heard)) reply.apply(event)
    heard = server.events.length
  }
  hear()
  return { server, sessionId, earlier, earlierAnswer, reply, hear }
}

/** Another prompt in the same session, after an answered one, that the server is at now. */
function goOn(turn: Turn): void {
  turn.complete(turn.answer())
  const later = turn.server.addMessage(turn.sessionId, { role: 'user' })
  turn.server.putPart(later, { type: 'text', text: 'a later prompt' })
  turn.answer(later)
}

describe('an earlier turn of the session', () => {
  it('leaves asks open that are not asked by this turn, with a tool call or without', () => {
    const { server, sessionId, reply } = beginSecondTurn((before, session) => {
      before.ask(session, { messageID: 'msg_1ee565e0900000000000000000', callID: 'call_1' })
      before.ask(session, null)
    })
    reply.reconcile(undefined, { permissions: server.poll().permissions })
    expect(reply.asks).to.deep.equal([])
    server.ask(sessionId, null)
    reply.reconcile(undefined, { permissions: server.poll().permissions })
    expect(reply.asks).to.have.lengthOf(1)
  })

  it('has its asks answered without a word of it here', () => {
    let left = ''
    const { server, sessionId, reply, hear } = beginSecondTurn((before, session) => {
      left = before.ask(session, null)
    })
    server.answer(sessionId, left, 'reject')
    hear()
    expect(reply.asks).to.deep.equal([])
  })

  it('leaves errors to this turn before its first answer', () => {
    const { server, sessionId, earlierAnswer, reply, hear } = beginSecondTurn(() => {})
    server.patchMessage(earlierAnswer, { finish: 'stop', time: { completed: server.tick().now } })
    const error = { name: 'UnknownError', data: { message: 'Agent not found: nobody' } }
    server.send('session.error', { sessionID: sessionId, error })
    hear()
    expect(reply.view().error?.message).to.equal('Agent not found: nobody')
  })

  it('is not what answers this prompt when its last word comes late', () => {
    const { server, earlier, earlierAnswer, reply, hear } = beginSecondTurn(() => {})
    server.patchMessage(earlier, {})
    server.patchMessage(earlierAnswer, { finish: 'stop', time: { completed: server.tick().now } })
    hear()
    expect(reply.outcome({ sessionIdle: true })).to.deep.equal({
      state: 'unknown',
      error: null,
      answeredBy: null,
    })
  })

  it('does not take the compaction that this turn begins with', () => {
    const { server, sessionId, earlierAnswer, reply, hear } = beginSecondTurn(() => {})
    server.patchMessage(earlierAnswer, { finish: 'stop', time: { completed: server.tick().now } })
    const asked = server.addMessage(sessionId, { role: 'user' })
    server.putPart(asked, { type: 'compaction', auto: true })
    server.addMessage(sessionId, { role: 'assistant', parentID: asked, summary: true })
    const goesOn = server.addMessage(sessionId, { role: 'user' })
    server.putPart(goesOn, continuation)
    const answer = server.addMessage(sessionId, { role: 'assistant', parentID: goesOn })
    server.putPart(answer, { type: 'text', text: 'Done.', time: { start: 1, end: 2 } })
    hear()
    expect(reply.result().text).to.equal('Done.')
  })
})

describe('a later turn of the session', () => {
  it('keeps its sub-agents and their cost to itself, streamed and polled', () => {
    const turn = beginTurn()
    goOn(turn)
    const child = turn.server.openSession(turn.sessionId, 'Later (@general subagent)', 'general')
    turn.server.addMessage(child, { role: 'assistant', parentID: 'msg_x', cost: 5 })
    turn.hear()
    const { messages, sessions } = turn.server.poll()
    const polled = createReply({ sessionId: turn.sessionId, promptId: turn.promptId })
    polled.reconcile(messages.get(turn.sessionId), { sessions })
    for (const reply of [turn.reply, polled]) {
      reply.reconcile(messages.get(child), { sessionId: child })
      expect(reply.view()).to.deep.include({ children: [], cost: 0 })
    }
  })

  it('takes back an ask that came before it was known', () => {
    const turn = beginTurn()
    turn.complete(turn.answer())
    const later = turn.server.addMessage(turn.sessionId, { role: 'user' })
    turn.server.putPart(later, { type: 'text', text: 'a later prompt' })
    turn.server.addMessage(turn.sessionId, { role: 'assistant', parentID: later })
    turn.server.ask(turn.sessionId, null)
    turn.reply.apply(turn.server.events.at(-1))
    expect(turn.reply.parts.map(({ kind }) => kind)).to.deep.equal(['ask'])
    turn.hear()
    expect(turn.reply.parts).to.deep.equal([])
    expect(turn.reply.isBlocked()).to.equal(false)
  })

  it('keeps to itself what names no message: asks, todos, retries and errors', () => {
    const turn = beginTurn()
    goOn(turn)
    const { server, sessionId, reply } = turn
    const { parts } = reply
    const todos = [{ content: 'later', status: 'pending' }]
    server.ask(sessionId, null)
    server.send('todo.updated', { sessionID: sessionId, todos })
    server.send('session.status', {
      sessionID: sessionId,
      status: { type: 'retry', attempt: 1, message: 'busy', next: 5 },
    })
    server.send('session.error', {
      sessionID: sessionId,
      error: { name: 'APIError', data: { message: 'later' } },
    })
    turn.hear()
    reply.reconcile(undefined, { todos, permissions: server.poll().permissions })
    expect(reply.view()).to.deep.include({ parts, asks: [], todos: [], error: null })
  })
})
