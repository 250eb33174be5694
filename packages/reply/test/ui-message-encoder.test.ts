import { expect } from 'chai'
import { describe, it } from 'mocha'
import { readUIMessageStream } from 'ai-v6'
import type { UIMessage } from 'ai-v6'
import { createUiMessageEncoder } from '../src/ui-message-stream.js'
import type { UiChunk } from '../src/ui-message-stream.js'
import { beginTurn } from './support/turn.js'

function types(chunks: readonly UiChunk[]): string[] {
  return chunks.map(({ type }) => type)
}

/** The tool calls that a reader of the AI SDK has and that were not taken back. */
async function shownIds(chunks: readonly UiChunk[]): Promise<readonly string[]> {
  const stream = new ReadableStream<never>({
    start(controller) {
      for (const chunk of structuredClone(chunks)) controller.enqueue(chunk as never)
      controller.close()
    },
  })
  let shown: UIMessage['parts'] = []
  for await (const { parts } of readUIMessageStream({ stream })) shown = parts
  const gone = new Set(shown.flatMap((part) => (part.type === 'data-withdrawn' ? [part.id] : [])))
  return shown.flatMap((part) =>
    part.type === 'dynamic-tool' && !gone.has(part.toolCallId) ? [part.toolCallId] : [],
  )
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

  it('sends a tool call under another id when it was taken back and is there again', async () => {
    const turn = beginTurn()
    const chunks: UiChunk[] = []
    const encoder = createUiMessageEncoder(turn.reply)
    const message = turn.answer()
    const state = { status: 'completed', input: { command: 'ls' }, output: 'a.txt' }
    const id = turn.call(message, state)
    const take = (): void => {
      turn.server.removePart(message, id)
      turn.hear()
      chunks.push(...encoder.next())
    }
    chunks.push(...encoder.next())
    for (const round of [1, 2]) {
      take()
      turn.call(message, state, 'bash', id)
      chunks.push(...encoder.next())
      expect(await shownIds(chunks)).to.deep.equal([`${id}~${round}`])
    }
    take()
    expect(await shownIds(chunks)).to.deep.equal([])
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

  it('tells what a command wrote, also when the server keeps no more than the end of it', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const encoder = createUiMessageEncoder(turn.reply)
    const input = { command: 'make' }
    const id = turn.call(message, { status: 'running', input, metadata: { output: 'ab' } })
    const outputs = [encoder.next()]
    turn.call(message, { status: 'running', input, metadata: { output: 'bc' } }, 'bash', id)
    const position = JSON.parse(JSON.stringify(encoder.position))
    outputs.push(createUiMessageEncoder(turn.reply, { position }).next(), encoder.next())
    const told = outputs.map((chunks) =>
      chunks.flatMap((chunk) =>
        chunk.type === 'tool-output-available' ? [chunk.output.output] : [],
      ),
    )
    expect(told).to.deep.equal([['ab'], ['bc'], ['bc']])
  })

  it('tells what changed about a call that had ended', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const state = { status: 'completed', input: { command: 'ls' }, output: 'a', title: 'ls' }
    for (const change of [
      { output: 'b' },
      { title: 'List' },
      { metadata: { exit: 0 } },
      { input: { command: 'll' } },
      { status: 'error', error: 'no' },
    ]) {
      const id = turn.call(message, state)
      const encoder = createUiMessageEncoder(turn.reply)
      encoder.next()
      turn.call(message, { ...state, ...change }, 'bash', id)
      const { position } = encoder
      const resumed = createUiMessageEncoder(turn.reply, { position }).next()
      const chunks = encoder.next()
      expect(chunks, JSON.stringify(change)).to.not.deep.equal([])
      expect(resumed).to.deep.equal(chunks)
    }
  })

  it('finds out what changed while nobody looked', () => {
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

  it('sends no address that a browser would run', () => {
    const addresses = {
      'data:image/png;base64,AA==': true,
      'https://example.test/a.png': true,
      'file:///home/a.png': true,
      'a.png': true,
      '/a:b.png': true,
      'javascript:alert(1)': false,
      ' \u0001JaVa\tScRiPt:alert(1)': false,
      'vbscript:x': false,
      'blob:https://example.test/1': false,
    }
    for (const [url, isSent] of Object.entries(addresses)) {
      const turn = beginTurn()
      const message = turn.answer()
      const file = { mime: 'image/png', url }
      turn.server.putPart(message, { type: 'file', ...file })
      turn.call(message, { status: 'completed', input: {}, output: '', attachments: [file] })
      const chunks = types(createUiMessageEncoder(turn.reply).next())
      const sent = chunks.filter((type) => type === 'file')
      expect(sent, url).to.have.lengthOf(isSent ? 2 : 0)
    }
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
    text.end('one two three')
    expect(encoder.next()[0]).to.include({ delta: 'two three' })
  })

  it('asks for approval only where the reader knows it', () => {
    for (const [version, expected] of [
      [5, []],
      [6, ['tool-approval-request']],
      [7, ['tool-approval-request']],
    ] as const) {
      const turn = beginTurn()
      const message = turn.answer()
      turn.call(message, { status: 'running', input: { command: 'rm' } })
      turn.server.ask(turn.sessionId, { messageID: message, callID: 'call_1' })
      turn.hear()
      const chunks = createUiMessageEncoder(turn.reply, { version }).next()
      expect(types(chunks).filter((type) => type.includes('approval'))).to.deep.equal(expected)
      expect(types(chunks)).to.include('data-ask')
    }
  })

  it('asks for approval while a call runs, not before and not behind its end', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const encoder = createUiMessageEncoder(turn.reply, { version: 6 })
    const requested: number[] = []
    const input = { command: 'rm' }
    const id = turn.call(message, { status: 'pending', input: {}, raw: '' })
    for (const state of [
      { status: 'pending', input: {}, raw: '' },
      { status: 'running', input },
      { status: 'completed', input, output: '' },
    ]) {
      turn.call(message, state, 'bash', id)
      turn.server.ask(turn.sessionId, { messageID: message, callID: 'call_1' })
      turn.hear()
      const chunks = types(encoder.next())
      requested.push(chunks.filter((type) => type === 'tool-approval-request').length)
    }
    expect(requested).to.deep.equal([0, 1, 0])
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
