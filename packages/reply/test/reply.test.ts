import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createReply } from '../src/index.js'
import { beginTurn } from './support/turn.js'

/** Where a value is not frozen. */
function thawed(value: unknown, path = '$'): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const inside = Object.entries(value).flatMap(([key, item]) => thawed(item, `${path}.${key}`))
  return Object.isFrozen(value) ? inside : [path, ...inside]
}

describe('createReply', () => {
  it('names the option that is missing', () => {
    expect(() => createReply({ sessionId: '', promptId: 'msg_1' })).to.throw(
      TypeError,
      '`sessionId`',
    )
    expect(() => createReply({ sessionId: 'ses_1', promptId: '' })).to.throw(
      TypeError,
      '`promptId`',
    )
  })

  it('never shows the prompt that the server echoes', () => {
    const { reply, poll } = beginTurn()
    poll()
    expect(reply.parts).to.deep.equal([])
    expect(reply.revision).to.equal(0)
  })

  it('joins the messages of a tool loop in order', () => {
    const turn = beginTurn()
    const first = turn.answer()
    turn.write(first).end('I look.')
    turn.complete(first, { finish: 'tool-calls' })
    const second = turn.answer()
    turn.write(second).end('I saw.')
    turn.complete(second)
    expect(turn.reply.result().text).to.equal('I look.\n\nI saw.')
    expect(turn.reply.view().messages.map(({ id }) => id)).to.deep.equal([first, second])
  })

  it('leaves out what answers another prompt of the same session', () => {
    const turn = beginTurn()
    const other = turn.server.addMessage(turn.sessionId, { role: 'user' })
    const message = turn.answer(other)
    turn.write(message).grow('not ours')
    turn.poll()
    expect(turn.reply.parts).to.deep.equal([])
  })

  it('keeps parts whose message is not known yet until it is', () => {
    const { server, reply, sessionId, promptId } = beginTurn()
    const message = server.addMessage(sessionId, { role: 'assistant', parentID: promptId })
    server.putPart(message, { type: 'text', text: 'early', time: { start: 1, end: 2 } })
    const [announced, part] = server.events.slice(-2)
    reply.apply(part)
    expect(reply.parts).to.deep.equal([])
    reply.apply(announced)
    expect(reply.result().text).to.equal('early')
  })

  it('keeps a part of an unknown kind as it is', () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.server.putPart(message, { type: 'hologram', depth: 3 })
    turn.hear()
    expect(turn.reply.parts[0])
      .to.include({ kind: 'unknown', type: 'hologram' })
      .and.to.have.nested.property('data.depth', 3)
  })

  it('removes what the server removes, and does not bring it back', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const text = turn.write(message)
    text.end('gone')
    turn.server.removePart(message, text.id)
    turn.hear()
    expect(turn.reply.parts).to.deep.equal([])
    for (const event of turn.server.events) turn.reply.apply(event)
    expect(turn.reply.parts).to.deep.equal([])
  })

  it('is told of the removal of a message and of its parts as often as one likes', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const text = turn.write(message)
    turn.server.removePart(message, text.id)
    turn.server.putPart(message, { id: text.id, type: 'text', text: 'back' })
    turn.server.removeMessage(message)
    turn.hear()
    const stored = JSON.stringify(turn.reply)
    for (const event of turn.server.events) turn.reply.apply(event)
    expect(JSON.stringify(turn.reply)).to.equal(stored)
  })

  it('forgets a message that a poll does not list', () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.write(message).end('reverted')
    turn.server.removeMessage(message)
    turn.poll()
    expect(turn.reply.view().messages).to.deep.equal([])
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

  it('keeps what the stream told after a poll was sent', () => {
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
    turn.complete(message)
    const { parts } = turn.reply
    turn.reply.reconcile(stale)
    expect(turn.reply.parts).to.deep.equal(parts)
    expect(turn.reply.settled().state).to.equal('finished')
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

  it('does not even keep what answers another prompt', () => {
    const turn = beginTurn()
    const other = turn.server.addMessage(turn.sessionId, { role: 'user' })
    turn.server.putPart(other, { type: 'text', text: 'another prompt' })
    turn.hear()
    turn.write(turn.answer(other)).end('not ours')
    expect(JSON.stringify(turn.reply))
      .to.not.include('not ours')
      .and.not.to.include('another prompt')
  })

  it('counts each step once, however often it is told', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const tokens = { input: 3, output: 2, reasoning: 1, cache: { read: 5, write: 4 } }
    const id = turn.server.putPart(message, {
      type: 'step-finish',
      reason: 'stop',
      cost: 0.5,
      tokens,
    })
    turn.server.putPart(message, { id, type: 'step-finish', reason: 'stop', cost: 0.5, tokens })
    turn.hear()
    expect(turn.reply.view().cost).to.equal(0.5)
    turn.complete(message, { finish: 'stop', cost: 0.5, tokens })
    turn.poll()
    expect(turn.reply.result()).to.deep.include({
      cost: 0.5,
      tokens: { input: 3, output: 2, reasoning: 1, cacheRead: 5, cacheWrite: 4 },
    })
  })

  it('takes no number for a cost that sums would not survive', () => {
    const turn = beginTurn()
    turn.complete(turn.answer(), { finish: 'tool-calls', cost: 1e308 })
    turn.complete(turn.answer(), { finish: 'stop', cost: 1e308 })
    expect(turn.reply.result().cost).to.equal(0)
  })

  it('continues over the messages that compaction puts in between', () => {
    const turn = beginTurn()
    const { server, sessionId, reply } = turn
    turn.complete(turn.answer(), {})
    const asked = server.addMessage(sessionId, { role: 'user' })
    server.putPart(asked, { type: 'compaction', auto: true, overflow: true })
    const summary = server.addMessage(sessionId, {
      role: 'assistant',
      parentID: asked,
      summary: true,
      cost: 1,
    })
    turn.hear()
    turn.write(summary).end('## Goal')
    turn.complete(summary)
    expect(reply.settled().state).to.equal('running')
    const goOn = server.addMessage(sessionId, { role: 'user' })
    server.putPart(goOn, { type: 'text', text: 'Continue', synthetic: true })
    turn.hear()
    const last = turn.answer(goOn)
    turn.write(last).end('Done.')
    turn.complete(last)
    expect(reply.result()).to.include({ text: 'Done.', cost: 1, finish: 'stop' })
    expect(reply.parts.map(({ kind }) => kind)).to.deep.equal(['compaction', 'text', 'text'])
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

  it('continues over a compaction although another prompt waits', () => {
    const turn = beginTurn()
    const { server, sessionId, reply } = turn
    const first = turn.answer()
    const waiting = server.addMessage(sessionId, { role: 'user' })
    server.putPart(waiting, { type: 'text', text: 'and this' })
    turn.complete(first, {})
    const asked = server.addMessage(sessionId, { role: 'user' })
    server.putPart(asked, { type: 'compaction', auto: true })
    turn.hear()
    turn.complete(turn.answer(asked), { finish: 'stop', cost: 2 })
    expect(reply.view().cost).to.equal(2)
  })

  it('does not count a compaction that a person asked for', () => {
    const turn = beginTurn()
    turn.complete(turn.answer())
    const asked = turn.server.addMessage(turn.sessionId, { role: 'user' })
    turn.server.putPart(asked, { type: 'compaction', auto: false })
    turn.hear()
    turn.complete(turn.answer(asked), { finish: 'stop', cost: 9 })
    expect(turn.reply.view().cost).to.equal(0)
  })
})

describe('Reply.result', () => {
  it('is frozen JSON', () => {
    const turn = beginTurn()
    turn.call(turn.answer(), { status: 'running', input: { deep: { list: [1] } } })
    const result = turn.reply.result()
    expect(JSON.parse(JSON.stringify(result))).to.deep.equal(result)
    expect(Object.isFrozen(result.tools[0]?.input['deep'])).to.equal(true)
  })

  it('is frozen to the ground, and what it was made of is not', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const input = { list: [1] }
    turn.server.ask(turn.sessionId, { messageID: message, callID: 'call_1' })
    turn.server.ask(turn.sessionId, null)
    turn.hear()
    turn.call(message, { status: 'completed', input, attachments: [{ url: 'data:,' }] })
    expect(thawed([turn.reply.result(), turn.reply.view()])).to.deep.equal(['$'])
    expect(Object.isFrozen(input.list)).to.equal(false)
  })

  it('rises by one with everything that changes it', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const { revision } = turn.reply
    turn.server.patchMessage(message, { structured: { legs: 4 } })
    turn.hear()
    expect(turn.reply.revision).to.equal(revision + 1)
    expect(turn.reply.view().messages[0]?.structured).to.deep.equal({ legs: 4 })
  })

  it('does not change when the sender changes its event afterwards', () => {
    const { server, reply, answer, hear } = beginTurn()
    const message = answer()
    server.putPart(message, {
      type: 'tool',
      callID: 'c',
      tool: 'bash',
      state: { status: 'running', input: { command: 'ls' } },
    })
    const event = server.events.at(-1)
    hear()
    Object(event?.properties['part']).state.input.command = 'rm'
    expect(reply.result().tools[0]?.input).to.deep.equal({ command: 'ls' })
  })
})
