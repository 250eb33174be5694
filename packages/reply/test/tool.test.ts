import { expect } from 'chai'
import { describe, it } from 'mocha'
import type { ToolPart, ServerToolStatus } from '../src/index.js'
import { readRecordings } from '../laws/cassettes.js'
import { createReply } from '../src/index.js'
import { beginTurn } from './support/turn.js'
import type { Turn } from './support/turn.js'

/** What is shown after one status and then another. Every cell has to be filled in. */
const table: Readonly<
  Record<ServerToolStatus, Readonly<Record<ServerToolStatus, ServerToolStatus>>>
> = {
  pending: { pending: 'pending', running: 'running', completed: 'completed', error: 'error' },
  running: { pending: 'running', running: 'running', completed: 'completed', error: 'error' },
  completed: { pending: 'completed', running: 'completed', completed: 'completed', error: 'error' },
  error: { pending: 'error', running: 'error', completed: 'completed', error: 'error' },
}

function only({ reply }: Turn): ToolPart {
  const [tool] = reply.result().tools
  if (tool === undefined) throw new Error('no tool part')
  return tool
}

describe('a tool call', () => {
  it('never goes back, in every cell of the table', () => {
    for (const [known, columns] of Object.entries(table)) {
      for (const [reported, shown] of Object.entries(columns)) {
        const turn = beginTurn()
        const message = turn.answer()
        const id = turn.call(message, { status: known, input: {} })
        turn.call(message, { status: reported, input: {} }, 'bash', id)
        expect(only(turn).status, `${known}, then ${reported}`).to.equal(shown)
      }
    }
  })

  it('keeps no error of a call that completed after all, and no output of one that failed', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const id = turn.call(message, { status: 'error', input: {}, error: 'no' })
    turn.call(message, { status: 'completed', input: {}, output: 'yes' }, 'bash', id)
    expect(only(turn)).to.include({ output: 'yes', error: null })
    turn.call(message, { status: 'error', input: {}, error: 'no' }, 'bash', id)
    expect(only(turn)).to.include({ output: null, error: 'no' })
  })

  it('keeps what a later report leaves out', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const id = turn.call(message, {
      status: 'running',
      input: { command: 'ls' },
      metadata: { output: 'a' },
    })
    turn.call(message, { status: 'running', input: {}, title: ' ' }, 'bash', id)
    expect(only(turn)).to.deep.include({
      input: { command: 'ls' },
      metadata: { output: 'a' },
      title: null,
    })
  })

  it('is what the poll says once it ended', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const id = turn.call(message, {
      status: 'running',
      input: { command: 'ls' },
      metadata: { output: 'a' },
    })
    turn.call(message, { status: 'error', input: { command: 'ls' }, error: 'no' }, 'bash', id)
    turn.poll()
    expect(only(turn)).to.deep.include({ metadata: null, error: 'no' })
  })

  it('keeps the name that the model used when the server calls it invalid, also after a poll', () => {
    for (const name of ['tool-invalid-name', 'tool-bad-json']) {
      const [recording] = readRecordings(name)
      if (recording === undefined) throw new Error(`no recording ${name}`)
      const [promptId = ''] = recording.promptIds
      const live = createReply({ sessionId: recording.sessionId, promptId })
      for (const event of recording.events) live.apply(event)
      const streamed = live.result().tools.map(({ tool }) => tool)
      live.reconcile(recording.messages)
      const alone = createReply({ sessionId: recording.sessionId, promptId })
      alone.reconcile(recording.messages)
      expect(streamed, name).to.not.include('invalid')
      expect(
        live.result().tools.map(({ tool }) => tool),
        name,
      ).to.deep.equal(streamed)
      expect(
        alone.result().tools.map(({ tool }) => tool),
        name,
      ).to.deep.equal(streamed)
    }
  })

  it('hands on the files that the tool gave to the model', () => {
    const turn = beginTurn()
    const attachments = [
      { id: 'prt_9', mime: 'image/png', filename: 'a.png', url: 'data:image/png;base64,AA==' },
      {},
    ]
    turn.call(turn.answer(), { status: 'completed', input: {}, output: '', attachments }, 'read')
    expect(turn.reply.result().files).to.have.lengthOf(1)
    expect(turn.reply.result().files[0]).to.include({ mime: 'image/png', filename: 'a.png' })
  })

  it('takes a delta for it as an anomaly', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const id = turn.call(message, { status: 'pending', input: {} })
    turn.server.delta(message, id, 'x')
    turn.hear()
    expect(turn.reply.view().anomalies).to.deep.equal([{ code: 'unexpected_delta', subject: id }])
  })
})

describe('the todo list', () => {
  const todos = [{ content: 'do it', status: 'in-progress', priority: 'high' }]

  it('is a part of its own while no tool call shows it', () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.server.send('todo.updated', { sessionID: turn.sessionId, todos })
    turn.hear()
    expect(turn.reply.parts).to.have.lengthOf(1)
    expect(turn.reply.parts[0]).to.include({ kind: 'todos', provenance: 'stream' })
    turn.call(message, { status: 'running', input: { todos } }, 'todowrite')
    expect(turn.reply.parts.map(({ kind }) => kind)).to.deep.equal(['tool'])
    expect(turn.reply.result().todos).to.deep.equal([
      { content: 'do it', status: 'in_progress', priority: 'high' },
    ])
  })

  it('is reported once, however often the server reports it', () => {
    const turn = beginTurn()
    turn.answer()
    turn.reply.reconcile(undefined, { todos })
    const { revision } = turn.reply
    turn.reply.reconcile(undefined, { todos })
    expect(turn.reply.revision).to.equal(revision)
  })

  it('is not set back by a poll that was sent before it changed', () => {
    const turn = beginTurn()
    turn.answer()
    const { revision } = turn.reply
    turn.server.send('todo.updated', { sessionID: turn.sessionId, todos })
    turn.hear()
    turn.reply.reconcile(undefined, { revision, todos: [] })
    expect(turn.reply.view().todos).to.have.lengthOf(1)
    turn.reply.reconcile(undefined, { todos: [] })
    expect(turn.reply.view().todos).to.deep.equal([])
  })

  it('is the one of an earlier call while the newest has none yet', () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.call(message, { status: 'completed', input: { todos } }, 'todowrite')
    turn.call(message, { status: 'pending', input: {} }, 'todowrite')
    expect(turn.reply.view().todos).to.have.lengthOf(1)
  })

  it('survives a poll', () => {
    const turn = beginTurn()
    turn.answer()
    turn.server.send('todo.updated', { sessionID: turn.sessionId, todos })
    turn.hear()
    turn.poll()
    expect(turn.reply.parts.map(({ kind }) => kind)).to.deep.equal(['todos'])
  })
})
