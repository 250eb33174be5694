import { expect } from 'chai'
import { describe, it } from 'mocha'
import { continuation } from '../laws/server-data.js'
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
    turn.complete(turn.answer())
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

  it('takes the removal of a message and of its parts as often as they come', () => {
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

  it('does not even keep what answers another prompt', () => {
    const turn = beginTurn()
    turn.complete(turn.answer())
    const other = turn.server.addMessage(turn.sessionId, { role: 'user' })
    turn.server.putPart(other, { type: 'text', text: 'another prompt' })
    turn.hear()
    turn.write(turn.answer(other)).end('not ours')
    expect(JSON.stringify(turn.reply))
      .to.not.include('not ours')
      .and.not.to.include('another prompt')
  })

  it('counts each step once, however often it is reported', () => {
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
    expect(reply.outcome().state).to.equal('running')
    const goOn = server.addMessage(sessionId, { role: 'user' })
    server.putPart(goOn, continuation)
    turn.hear()
    const last = turn.answer(goOn)
    turn.write(last).end('Done.')
    turn.complete(last)
    expect(reply.result()).to.include({ text: 'Done.', cost: 1, finish: 'stop' })
    expect(reply.parts.map(({ kind }) => kind)).to.deep.equal(['compaction', 'text', 'text'])
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
