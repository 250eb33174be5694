import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createUiMessageEncoder } from '../src/ui-message-stream.js'
import type { UiChunk } from '../src/ui-message-stream.js'
import { beginTurn } from './support/turn.js'

function types(chunks: readonly UiChunk[]): string[] {
  return chunks.map(({ type }) => type)
}

describe('createUiMessageEncoder', () => {
  it('tells each thing once', () => {
    const turn = beginTurn()
    const encoder = createUiMessageEncoder(turn.reply)
    const text = turn.write(turn.answer())
    text.grow('ab')
    expect(types(encoder.next())).to.deep.equal(['start', 'text-start', 'text-delta'])
    expect(encoder.next()).to.deep.equal([])
    text.grow('c')
    text.end('abc')
    expect(encoder.next()).to.deep.equal([
      { type: 'text-delta', id: text.id, delta: 'c' },
      { type: 'text-end', id: text.id, providerMetadata: { turnstead: { partId: text.id } } },
    ])
  })

  it('goes on from a position in another process', () => {
    const turn = beginTurn()
    const text = turn.write(turn.answer())
    text.grow('ab')
    const first = createUiMessageEncoder(turn.reply)
    first.next()
    const position = JSON.parse(JSON.stringify(first.position))
    text.grow('cd')
    expect(createUiMessageEncoder(turn.reply, { position }).next()).to.deep.equal([
      { type: 'text-delta', id: text.id, delta: 'cd' },
    ])
  })

  it('takes a text back that the server states differently', () => {
    const turn = beginTurn()
    const encoder = createUiMessageEncoder(turn.reply)
    const text = turn.write(turn.answer())
    text.grow('wrong')
    encoder.next()
    text.end('right')
    const chunks = encoder.next()
    expect(types(chunks)).to.deep.equal([
      'text-end',
      'data-withdrawn',
      'text-start',
      'text-delta',
      'text-end',
    ])
    expect(chunks[3]).to.include({ id: `${text.id}~1`, delta: 'right' })
  })

  it('takes each text back under an id of its own', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const text = turn.write(message)
    const taken: string[] = []
    let position = createUiMessageEncoder(turn.reply).position
    for (const words of ['one', 'two']) {
      text.end(words)
      const encoder = createUiMessageEncoder(turn.reply, { position })
      encoder.next()
      turn.server.removePart(message, text.id)
      turn.hear()
      for (const chunk of encoder.next()) if (chunk.type === 'data-withdrawn') taken.push(chunk.id)
      position = JSON.parse(JSON.stringify(encoder.position))
    }
    expect(taken).to.deep.equal([text.id, `${text.id}~1`])
  })

  it('takes data back that is gone, and sends it under another id when it is there again', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const encoder = createUiMessageEncoder(turn.reply)
    const retry = { type: 'retry', attempt: 1, error: { name: 'APIError', data: {} } }
    const id = turn.server.putPart(message, retry)
    turn.hear()
    expect(encoder.next().at(-1)).to.include({ type: 'data-retry', id })
    turn.server.removePart(message, id)
    turn.hear()
    expect(encoder.next()).to.deep.equal([{ type: 'data-withdrawn', id, data: { partId: id } }])
    const position = JSON.parse(JSON.stringify(encoder.position))
    turn.server.putPart(message, { ...retry, id })
    turn.hear()
    const expected = { type: 'data-retry', id: `${id}~1` }
    expect(encoder.next().at(-1)).to.include(expected)
    expect(createUiMessageEncoder(turn.reply, { position }).next().at(-1)).to.include(expected)
  })

  it('takes an ask back that turns out to be of another turn', () => {
    const turn = beginTurn()
    const { sessionId: sessionID } = turn
    const other = turn.server.addMessage(sessionID, { role: 'user' })
    const encoder = createUiMessageEncoder(turn.reply)
    const messageID = turn.server.newId('msg')
    const id = turn.server.ask(sessionID, { messageID, callID: 'call_1' })
    turn.hear()
    expect(types(encoder.next())).to.include('data-ask')
    const info = {
      id: messageID,
      sessionID,
      role: 'assistant',
      parentID: other,
      time: { created: 9 },
    }
    turn.server.send('message.updated', { info })
    turn.hear()
    expect(turn.reply.asks).to.deep.equal([])
    expect(encoder.next()).to.deep.equal([{ type: 'data-withdrawn', id, data: { partId: id } }])
  })

  it('finds out what changed while no one looked', () => {
    for (const [seen, stated] of [
      ['wrong', 'right'],
      ['wrong', 'right, and more'],
      ['a', ''],
    ] as const) {
      const turn = beginTurn()
      const text = turn.write(turn.answer())
      text.grow(seen)
      const encoder = createUiMessageEncoder(turn.reply)
      encoder.next()
      const position = JSON.parse(JSON.stringify(encoder.position))
      text.end(stated)
      const resumed = createUiMessageEncoder(turn.reply, { position }).next()
      expect(resumed).to.deep.equal(encoder.next())
      expect(types(resumed)).to.include('data-withdrawn')
    }
  })

  it('takes a text back that the server states longer, or as another kind', () => {
    for (const restate of [
      { type: 'text', text: 'ab' },
      { type: 'reasoning', text: 'a' },
    ]) {
      const turn = beginTurn()
      const encoder = createUiMessageEncoder(turn.reply)
      const message = turn.answer()
      const { id, end } = turn.write(message)
      end('a')
      encoder.next()
      turn.server.putPart(message, { id, time: { start: 1, end: 2 }, ...restate })
      turn.hear()
      expect(encoder.next().map(({ type }) => type)).to.deep.equal([
        'data-withdrawn',
        `${restate.type}-start`,
        `${restate.type}-delta`,
        `${restate.type}-end`,
      ])
    }
  })

  it('sends a text again that was lost and that the server states after all', () => {
    const turn = beginTurn()
    const encoder = createUiMessageEncoder(turn.reply)
    const message = turn.answer()
    const text = turn.write(message)
    text.grow('a')
    turn.complete(message)
    expect(encoder.next().at(-1)).to.have.deep.property('providerMetadata', {
      turnstead: { partId: text.id, lost: true },
    })
    text.end('a')
    expect(encoder.next().at(-1)).to.have.deep.property('providerMetadata', {
      turnstead: { partId: text.id },
    })
  })

  it('leaves out what the server wrote itself', () => {
    const turn = beginTurn()
    const text = { type: 'text', text: 'a', synthetic: true, time: { start: 1, end: 2 } }
    turn.server.putPart(turn.answer(), text)
    turn.hear()
    expect(types(createUiMessageEncoder(turn.reply).next())).to.deep.equal(['start'])
  })

  it('tells that a todo list is empty now', () => {
    const turn = beginTurn()
    const encoder = createUiMessageEncoder(turn.reply)
    const tell = (...todos: unknown[]): unknown => {
      turn.server.send('todo.updated', { sessionID: turn.sessionId, todos })
      turn.hear()
      return encoder.next().at(-1)
    }
    const todo = { content: 'do it', status: 'pending' }
    expect(tell(todo)).to.include({ type: 'data-todos' })
    expect(tell()).to.deep.equal({ type: 'data-todos', id: 'todos', data: [] })
  })

  it('ends each text once', () => {
    const turn = beginTurn()
    const encoder = createUiMessageEncoder(turn.reply)
    turn.write(turn.answer()).grow('a')
    expect(types(encoder.end())).to.include('text-end')
    expect(types(encoder.end())).to.deep.equal(['finish'])
  })

  it('holds a text with holes back until the server states it', () => {
    const turn = beginTurn()
    const encoder = createUiMessageEncoder(turn.reply)
    const text = turn.write(turn.answer())
    text.grow('one ')
    encoder.next()
    turn.reply.apply({ type: 'gap' })
    text.grow('three')
    expect(encoder.next()).to.deep.equal([])
    expect(types(createUiMessageEncoder(turn.reply).next())).to.deep.equal(['start'])
    text.end('one two three')
    expect(encoder.next()[0]).to.include({ delta: 'two three' })
  })

  it('ends as the turn ended, without telling what the provider said', () => {
    const endings = [
      [{ finish: 'stop' }, { type: 'finish', finishReason: 'stop' }],
      [{ finish: 'odd' }, { type: 'finish', finishReason: 'other' }],
      [{ error: { name: 'MessageAbortedError', data: {} } }, { type: 'abort' }],
      [
        { error: { name: 'APIError', data: { message: 'key sk-123 is wrong' } } },
        { type: 'error', errorText: 'The assistant could not finish its answer.' },
      ],
    ] as const
    for (const [patch, last] of endings) {
      const turn = beginTurn()
      turn.complete(turn.answer(), patch)
      expect(createUiMessageEncoder(turn.reply).end().at(-1)).to.deep.equal(last)
    }
  })
})
