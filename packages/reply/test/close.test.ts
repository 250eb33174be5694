import { expect } from 'chai'
import { describe, it } from 'mocha'
import { parseReply } from '../src/index.js'
import type { Change } from '../src/index.js'
import { describeTool } from '../src/tool-display.js'
import { createUiMessageEncoder, toUiMessage } from '../src/ui-message-stream.js'
import { beginTurn } from './support/turn.js'
import type { Turn } from './support/turn.js'

/** A turn that stopped in the middle: it asks, a tool runs, another one has no arguments yet, and a text is open. */
function leaveOpen(): { readonly turn: Turn; readonly message: string; readonly call: string } {
  const turn = beginTurn()
  const message = turn.answer()
  turn.write(message).grow('Look')
  const call = turn.call(message, { status: 'running', input: { command: 'make' } })
  turn.call(message, { status: 'pending', input: {} }, 'write')
  turn.server.ask(turn.sessionId, { messageID: message, callID: 'call_1' })
  turn.server.ask(turn.sessionId, null)
  turn.hear()
  return { turn, message, call }
}

describe('Reply.close', () => {
  it('leaves no ask open, no tool running and no text growing, and tells observers', () => {
    const { turn } = leaveOpen()
    const told: Change['type'][] = []
    turn.reply.observe({ changed: ({ type }) => void told.push(type) })
    turn.reply.close()
    const { reply } = turn
    expect(reply.isBlocked()).to.equal(false)
    expect(reply.asks.map(({ state }) => state)).to.deep.equal(['expired', 'expired'])
    expect(reply.result().tools.map(({ status }) => status)).to.deep.equal([
      'interrupted',
      'interrupted',
    ])
    expect(reply.parts.find(({ kind }) => kind === 'text')).to.include({ lost: true })
    expect(reply.result().text).to.equal('Look')
    expect(told).to.include.members(['ask-expired', 'tool-progressed', 'part-changed'])
  })

  it('is shown by every view', () => {
    const { turn } = leaveOpen()
    const encoder = createUiMessageEncoder(turn.reply)
    encoder.next()
    turn.reply.close()
    const ended = encoder.end().map(({ type }) => type)
    expect(ended.filter((type) => type === 'tool-output-error')).to.have.lengthOf(2)
    expect(ended.at(-1)).to.equal('error')
    const states = toUiMessage(turn.reply).parts.flatMap((part) =>
      part.type === 'dynamic-tool' ? [part.state] : [],
    )
    expect(states).to.deep.equal(['output-error', 'output-error'])
    const [tool] = turn.reply.result().tools
    expect(tool && describeTool(tool)).to.include({ isRunning: false, isDone: true })
  })

  it('is no verdict where there is proof of another end', () => {
    const turn = beginTurn()
    turn.complete(turn.answer())
    const proved = turn.reply.outcome()
    turn.reply.close()
    expect(turn.reply.outcome()).to.deep.equal(proved)
    const unanswered = beginTurn()
    unanswered.reply.close()
    expect(unanswered.reply.outcome().state).to.equal('unknown')
  })

  it('makes a turn that nothing ended an interrupted one, whatever the session is said to do', () => {
    const { turn } = leaveOpen()
    turn.reply.close()
    for (const sessionIdle of [true, false])
      expect(turn.reply.outcome({ sessionIdle })).to.include({
        state: 'failed',
        reason: 'interrupted',
      })
  })

  it('is part of the JSON, and nothing opens again afterwards', () => {
    const { turn, message, call } = leaveOpen()
    turn.reply.close()
    const again = parseReply(JSON.stringify(turn.reply))
    const { server, sessionId } = turn
    server.ask(sessionId, null)
    turn.call(message, { status: 'running', input: { command: 'make' } }, 'read')
    const { permissions, messages } = server.poll()
    again.apply(server.events.findLast(({ type }) => type === 'permission.asked'))
    again.reconcile(messages.get(sessionId), { permissions, sessionIdle: false })
    expect(again.isBlocked()).to.equal(false)
    expect(again.result().tools.map(({ status }) => status)).to.deep.equal([
      'interrupted',
      'interrupted',
      'interrupted',
    ])
    turn.call(
      message,
      { status: 'completed', input: { command: 'make' }, output: 'ok' },
      'bash',
      call,
    )
    again.reconcile(server.poll().messages.get(sessionId))
    expect(again.result().tools[0]).to.include({ status: 'completed', output: 'ok' })
  })

  it('changes nothing the second time', () => {
    const { turn } = leaveOpen()
    turn.reply.close()
    const { revision } = turn.reply
    turn.reply.close()
    expect(turn.reply.revision).to.equal(revision)
  })
})
