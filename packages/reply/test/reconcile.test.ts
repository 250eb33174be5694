import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createReply } from '../src/index.js'
import { beginTurn } from './support/turn.js'

describe('Reply.reconcile', () => {
  it('forgets a message that a poll does not list', () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.write(message).end('reverted')
    turn.server.removeMessage(message)
    turn.poll()
    expect(turn.reply.view().messages).to.deep.equal([])
  })

  it('takes nothing away for a list that is empty, or of another shape', () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.write(message).end('kept')
    for (const list of [[], [null], [{}], [{ info: { id: 'msg_x' } }], {}, null, 'x', 204]) {
      turn.reply.reconcile(list)
      turn.reply.reconcile(list, { partial: true })
      expect(turn.reply.result().text, JSON.stringify(list)).to.equal('kept')
    }
  })

  it('takes what a page or a single message holds, and denies nothing else', () => {
    const turn = beginTurn()
    const first = turn.answer()
    turn.write(first).end('One.')
    turn.complete(first, { finish: 'tool-calls' })
    turn.complete(turn.answer(), { finish: 'stop' })
    const list = turn.server.poll().messages.get(turn.sessionId) ?? []
    turn.reply.reconcile(list.slice(-1))
    turn.reply.reconcile(list.slice(1, 2), { partial: true })
    expect(turn.reply.view().messages).to.have.lengthOf(2)
    const fresh = createReply({ sessionId: turn.sessionId, promptId: turn.promptId })
    for (const each of list) fresh.reconcile([each], { partial: true })
    expect(fresh.view().messages).to.deep.equal(turn.reply.view().messages)
  })

  it('forgets its answers when a list that reaches back to them holds neither them nor the prompt', () => {
    const turn = beginTurn()
    turn.complete(turn.answer())
    const earlier = { id: 'msg_0', sessionID: turn.sessionId, role: 'user', time: { created: 1 } }
    const later = { ...earlier, id: 'msg_9', time: { created: turn.server.tick().now } }
    turn.reply.reconcile([{ info: later, parts: [] }])
    expect(turn.reply.view().messages).to.have.lengthOf(1)
    turn.reply.reconcile([
      { info: earlier, parts: [] },
      { info: later, parts: [] },
    ])
    expect(turn.reply.view().messages).to.deep.equal([])
  })

  it('takes a page that begins after the prompt, whatever its first message answers', () => {
    const turn = beginTurn()
    const { sessionId } = turn
    const message = (id: string, more: object, part: object): object => ({
      info: { id, sessionID: sessionId, time: { created: turn.server.tick().now }, ...more },
      parts: [{ id: `prt_${id}`, sessionID: sessionId, messageID: id, ...part }],
    })
    const asked = message('msg_x', { role: 'user' }, { type: 'compaction', auto: true })
    const answer = { role: 'assistant', parentID: 'msg_x' }
    const before = message('msg_y', answer, { type: 'text', text: 'before' })
    turn.complete(turn.answer())
    turn.reply.reconcile([...(turn.server.poll().messages.get(sessionId) ?? []), asked, before])
    expect(turn.reply.owns('msg_y')).to.equal(true)
    turn.reply.reconcile([message('msg_y', answer, { type: 'text', text: 'after' })])
    expect(turn.reply.result().text).to.contain('after')
  })

  it('keeps what the stream reported after a poll was sent', () => {
    const turn = beginTurn()
    const { revision } = turn.reply
    const stale = turn.server.poll().messages.get(turn.sessionId)
    turn.write(turn.answer()).grow('newer')
    turn.reply.reconcile(stale, { revision })
    expect(turn.reply.result().text).to.equal('newer')
  })

  it('goes on from a list that is older than it says', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const text = turn.write(message)
    const stale = turn.server.poll().messages.get(turn.sessionId)
    text.end('whole')
    turn.complete(message, { finish: 'stop', cost: 0.5 })
    const { parts, messages } = turn.reply.view()
    turn.reply.reconcile(stale)
    expect(turn.reply.view()).to.deep.include({ parts, messages })
  })

  it('does not let a late event bring back what a poll denied', () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.server.patchMessage(message, { cost: 1 })
    const late = turn.server.events.at(-1)
    turn.server.putPart(message, { type: 'text', text: 'gone' })
    turn.reply.apply(turn.server.events.at(-1))
    turn.server.removeMessage(message)
    turn.poll()
    turn.reply.apply(late)
    expect(turn.reply.view().messages).to.deep.equal([])
  })

  it('does not let an older poll set the status back', () => {
    const turn = beginTurn()
    turn.answer()
    const { revision } = turn.reply
    turn.server.setStatus(turn.sessionId, { type: 'busy' })
    turn.hear()
    turn.poll({ sessionIdle: true, revision })
    expect(turn.reply.view().status).to.equal('busy')
  })

  it('does not take a session that is not idle for one that has left its retry', () => {
    const turn = beginTurn()
    turn.server.setStatus(turn.sessionId, {
      type: 'retry',
      attempt: 1,
      message: 'Slow down',
      next: 9,
    })
    turn.hear()
    turn.poll({ sessionIdle: false })
    expect(turn.reply.view().status).to.equal('retry')
    turn.poll({ sessionStatus: { type: 'busy' } })
    expect(turn.reply.view().status).to.equal('busy')
    turn.poll({ sessionStatus: null })
    expect(turn.reply.view().status).to.equal('idle')
  })

  it('learns of a retry from a poll alone, and of each attempt once', () => {
    const turn = beginTurn()
    const retry = { type: 'retry', attempt: 1, message: 'Slow down', next: 9 }
    turn.poll({ sessionStatus: retry })
    turn.server.setStatus(turn.sessionId, retry)
    turn.hear()
    turn.poll({ sessionStatus: retry })
    expect(turn.reply.view().status).to.equal('retry')
    const retries = turn.reply.parts.filter((part) => part.kind === 'retry')
    expect(retries.map(({ attempt, message }) => ({ attempt, message }))).to.deep.equal([
      { attempt: 1, message: 'Slow down' },
    ])
  })

  it('takes a status that it does not know for work', () => {
    const turn = beginTurn()
    turn.answer()
    turn.poll({ sessionStatus: { type: 'thinking' } })
    expect(turn.reply.view().status).to.equal('busy')
  })

  it('does not let an older poll set a message back', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const { revision } = turn.reply
    const stale = turn.server.poll().messages.get(turn.sessionId)
    turn.server.patchMessage(message, { cost: 0.5 })
    turn.hear()
    turn.reply.reconcile(stale, { revision })
    expect(turn.reply.view().cost).to.equal(0.5)
  })

  it('does not let an older poll set a tool call back', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const id = turn.call(message, { status: 'running', input: {}, metadata: { output: 'a' } })
    const { revision } = turn.reply
    const stale = turn.server.poll().messages.get(turn.sessionId)
    turn.call(message, { status: 'running', input: {}, metadata: { output: 'ab' } }, 'bash', id)
    turn.reply.reconcile(stale, { revision })
    expect(turn.reply.result().tools[0]?.metadata).to.deep.equal({ output: 'ab' })
  })

  it('learns from one poll that the turn began before its prompt was sent again', () => {
    const turn = beginTurn()
    const { server, sessionId, promptId } = turn
    const asked = server.addMessage(sessionId, { role: 'user' })
    server.putPart(asked, { type: 'compaction', auto: true })
    server.patchMessage(promptId, { time: { created: server.tick().now } })
    const last = server.addMessage(sessionId, { role: 'assistant', parentID: asked })
    const reply = createReply({ sessionId, promptId })
    for (const event of server.events.slice(-4)) reply.apply(event)
    expect(reply.view().messages).to.deep.equal([])
    server.putPart(last, { type: 'text', text: 'Done.', time: { start: 1, end: 2 } })
    reply.reconcile(server.poll().messages.get(sessionId))
    expect(reply.result().text).to.equal('Done.')
  })

  it('brings back what was removed unseen, as soon as the server lists it again', () => {
    const turn = beginTurn()
    const { server, sessionId, promptId } = turn
    const message = turn.answer()
    const id = server.putPart(message, { type: 'text', text: 'old', time: { start: 1, end: 2 } })
    server.removePart(message, id)
    turn.reply.apply(server.events.at(-1))
    server.putPart(message, { id, type: 'text', text: 'new', time: { start: 1, end: 2 } })
    turn.poll()
    expect(turn.reply.result().text).to.equal('new')

    const reply = createReply({ sessionId, promptId })
    server.removeMessage(message)
    reply.apply(server.events.at(-1))
    server.addMessage(sessionId, { id: message, role: 'assistant', parentID: promptId })
    reply.reconcile(server.poll().messages.get(sessionId))
    expect(reply.view().messages).to.have.length(1)
  })

  it('takes todos from a poll after an event that reported nothing new', () => {
    const { reply, server, sessionId } = beginTurn()
    for (const word of ['a', 'a', 'b']) server.setTodos(sessionId, [{ content: word }])
    const events = server.events.slice(-3)
    for (const event of events.slice(0, 2)) reply.apply(event)
    expect(reply.view().todos.map(({ content }) => content)).to.deep.equal(['a'])
    reply.reconcile(undefined, { todos: server.poll().todos.get(sessionId) })
    expect(reply.view().todos.map(({ content }) => content)).to.deep.equal(['b'])
  })
})
