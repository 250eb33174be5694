import { expect } from 'chai'
import { describe, it } from 'mocha'
import { readRecordings } from '../laws/cassettes.js'
import { createReply } from '../src/index.js'
import type { Reply } from '../src/index.js'
import { beginTurn } from './support/turn.js'

function replay(name: string): Reply {
  const [recording] = readRecordings(name)
  if (recording === undefined) throw new Error(`no recording ${name}`)
  const reply = createReply({
    sessionId: recording.sessionId,
    promptId: recording.promptIds[0] ?? '',
  })
  for (const event of recording.events) reply.apply(event)
  return reply
}

describe('sub-agents of a reply', () => {
  it('are attached to the tool part that started them, with their parts and their cost', () => {
    const reply = replay('subagent')
    const [child] = reply.view().children
    const [task] = reply.result().tools
    expect(child).to.include({
      toolPartId: task?.id,
      title: 'Do the sub job (@general subagent)',
      agent: 'general',
    })
    expect(task?.childSessionId).to.equal(child?.sessionId)
    expect(child?.parts.map(({ kind }) => kind)).to.include('text')
    expect(reply.view().cost).to.be.closeTo(3 * 0.00014, 1e-12)
    expect(reply.result().text).to.equal('Delegating.\n\nThe sub-agent finished.')
  })

  it('are kept apart when two run at once', () => {
    const reply = replay('subagent-parallel')
    const tasks = reply.result().tools.filter(({ tool }) => tool === 'task')
    expect(new Set(tasks.map(({ childSessionId }) => childSessionId)).size).to.equal(2)
  })

  it('ask in their own name', () => {
    const reply = replay('subagent-permission')
    expect(reply.asks).to.have.lengthOf(1)
    expect(reply.asks[0]).to.include({ state: 'answered', permission: 'external_directory' })
    expect(reply.result().tools.find(({ tool }) => tool === 'read')?.asks).to.have.lengthOf(1)
  })

  it('write files that are listed among the tools of the turn', () => {
    const { tools } = replay('subagent-write').result()
    expect(tools.map(({ tool }) => tool)).to.deep.equal(['task', 'write'])
  })

  it('are found at any depth', () => {
    const { server, reply, sessionId, answer, call, hear } = beginTurn()
    const child = server.openSession(sessionId, 'Deep (@a subagent)', 'a')
    const grandchild = server.openSession(child, 'Deeper (@b subagent)', 'b')
    call(answer(), { status: 'running', input: {}, metadata: { sessionId: child } }, 'task')
    const message = server.addMessage(child, { role: 'assistant', parentID: 'msg_x', cost: 1 })
    server.putPart(message, {
      type: 'tool',
      callID: 'c',
      tool: 'task',
      state: { status: 'running', input: {}, metadata: { sessionId: grandchild } },
    })
    server.addMessage(grandchild, { role: 'assistant', parentID: 'msg_y', cost: 2 })
    server.ask(grandchild, null)
    hear()
    expect(reply.view().children.map(({ parentSessionId }) => parentSessionId)).to.deep.equal([
      sessionId,
      child,
    ])
    expect(reply.view().cost).to.equal(3)
    expect(reply.isBlocked()).to.equal(true)
    expect(reply.view().children.map(({ cost }) => cost)).to.deep.equal([1, 2])
  })

  it('of equal calls are taken in the order in which they were made', () => {
    const { server, reply, sessionId, answer, hear } = beginTurn()
    const message = answer()
    const input = { description: 'Look', subagent_type: 'general' }
    const start = (callID: string): readonly [child: string, call: string] => {
      const child = server.openSession(sessionId, 'Look (@general subagent)', 'general')
      const state = { status: 'running', input }
      return [child, server.putPart(message, { type: 'tool', callID, tool: 'task', state })]
    }
    const started = [start('c1'), start('c2')]
    hear()
    const links = reply.view().children.map((child) => [child.sessionId, child.toolPartId])
    expect(links).to.deep.equal(started)
  })

  it('are not taken for the work of a call that names another, or of another session', () => {
    const { server, reply, sessionId, answer, hear } = beginTurn()
    const title = 'Look (@general subagent)'
    const input = { description: 'Look', subagent_type: 'general' }
    const start = (message: string, callID: string, named: string | null): string => {
      const state = { status: 'running', input, ...(named && { metadata: { sessionId: named } }) }
      return server.putPart(message, { type: 'tool', callID, tool: 'task', state })
    }
    const message = answer()
    const first = server.openSession(sessionId, title, 'general')
    start(message, 'c1', first)
    start(message, 'c2', first)
    const own = start(message, 'c3', null)
    start(message, 'c4', null)
    const second = server.openSession(sessionId, title, 'general')
    const inside = server.addMessage(first, { role: 'assistant', parentID: 'msg_x' })
    const deep = start(inside, 'c5', null)
    const third = server.openSession(first, title, 'general')
    hear()
    const links = new Map(
      reply.view().children.map((child) => [child.sessionId, child.toolPartId] as const),
    )
    expect([links.get(second), links.get(third)]).to.deep.equal([own, deep])
  })

  it('are of no call once the message of their call is removed', () => {
    const { server, reply, sessionId, answer, call, hear } = beginTurn()
    const message = answer()
    const child = server.openSession(sessionId, 'Look (@general subagent)', 'general')
    call(message, { status: 'running', input: {}, metadata: { sessionId: child } }, 'task')
    server.removeMessage(message)
    hear()
    expect(reply.view().children[0]?.toolPartId).to.equal(null)
  })

  it('that a second call goes on with stay with the call that started them', () => {
    const { server, reply, sessionId, answer, hear } = beginTurn()
    const message = answer()
    const child = server.openSession(sessionId, 'Look (@general subagent)', 'general')
    const state = { status: 'completed', input: {}, output: '', metadata: { sessionId: child } }
    const first = server.putPart(message, { type: 'tool', callID: 'c1', tool: 'task', state })
    server.putPart(message, { type: 'tool', callID: 'c2', tool: 'task', state })
    hear()
    expect(reply.view().children[0]?.toolPartId).to.equal(first)
    expect(reply.result().tools.map(({ childSessionId }) => childSessionId)).to.deep.equal([
      child,
      child,
    ])
  })

  it('cost what their own messages cost', () => {
    const reply = replay('subagent')
    const [child] = reply.view().children
    const own = reply.view().messages.filter(({ sessionId }) => sessionId === child?.sessionId)
    expect(child?.cost).to.equal(own[0]?.cost).and.to.be.above(0)
    expect(child?.tokens).to.deep.equal(own[0]?.tokens)
  })

  it('are adopted from a list, and their messages are folded from a poll', () => {
    const { server, reply, sessionId, answer, poll } = beginTurn()
    answer()
    const child = server.openSession(sessionId, 'Late (@general subagent)', 'general')
    const message = server.addMessage(child, { role: 'assistant', parentID: 'msg_x', cost: 2 })
    server.putPart(message, { type: 'text', text: 'found', time: { start: 1, end: 2 } })
    poll({ sessions: server.poll().sessions })
    poll({ sessionId: child })
    expect(reply.view().children[0]?.parts[0]).to.include({ text: 'found' })
    expect(reply.view().cost).to.equal(2)
  })

  it('of an earlier turn are not adopted, and cost nothing', () => {
    const { server, reply, sessionId, answer, call } = beginTurn()
    const old = { id: 'ses_old', parentID: sessionId, title: 'old', time: { created: 5 } }
    answer()
    reply.reconcile(undefined, { sessions: [old] })
    expect(reply.view().children).to.deep.equal([])
    call(answer(), { status: 'running', input: {}, metadata: { sessionId: 'ses_old' } }, 'task')
    const info = { role: 'assistant', parentID: 'msg_x', sessionID: 'ses_old', cost: 7 }
    reply.reconcile(
      [
        { info: { ...info, id: 'msg_a', time: { created: 5 } }, parts: [] },
        { info: { ...info, id: 'msg_b', time: { created: server.tick().now } }, parts: [] },
      ],
      { sessionId: 'ses_old' },
    )
    expect(reply.view().cost).to.equal(7)
  })
})
