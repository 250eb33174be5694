import { expect } from 'chai'
import { describe, it } from 'mocha'
import { readUIMessageStream } from 'ai-v6'
import type { UIMessage } from 'ai-v6'
import { createUiMessageEncoder, toUiMessage } from '../src/ui-message-stream.js'
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

describe('the chunks of tool calls, files and sub-agents', () => {
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
      expect(chunks.at(-1)?.type, JSON.stringify(change)).to.match(/^tool-output-/)
      expect(resumed).to.deep.equal(chunks)
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

  it('asks for approval while a call runs, not before and not after its end', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const encoder = createUiMessageEncoder(turn.reply, { version: 6 })
    const requested: number[] = []
    const input = { command: 'rm' }
    const id = turn.call(message, { status: 'pending', input: {}, raw: '' })
    for (const state of [
      { status: 'pending', input: {}, raw: '' },
      { status: 'running', input },
      { status: 'running', input, title: 'again' },
      { status: 'completed', input, output: '' },
    ]) {
      turn.call(message, state, 'bash', id)
      turn.server.ask(turn.sessionId, { messageID: message, callID: 'call_1' })
      turn.hear()
      const chunks = types(encoder.next())
      requested.push(chunks.filter((type) => type === 'tool-approval-request').length)
    }
    expect(requested).to.deep.equal([0, 1, 0, 0])
  })

  it('tells another name of a call, before and after its arguments are known', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const encoder = createUiMessageEncoder(turn.reply)
    const input = { filePath: 'a' }
    const id = turn.call(message, { status: 'pending', input: {} }, 'Read')
    encoder.next()
    for (const [status, tool, type] of [
      ['pending', 'read', 'tool-input-start'],
      ['running', 'read', 'tool-input-available'],
      ['running', 'view', 'tool-input-available'],
    ] as const) {
      turn.call(message, { status, input: status === 'pending' ? {} : input }, tool, id)
      expect(encoder.next()).to.containSubset([{ type, toolName: tool }])
    }
  })

  it('has a name for a call without one', () => {
    const turn = beginTurn()
    turn.call(turn.answer(), { status: 'pending', input: {} }, '')
    expect(createUiMessageEncoder(turn.reply).next().at(-1)).to.include({ toolName: 'unknown' })
  })

  it('tells that a call was denied only where the reader knows it', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const state = { status: 'running', input: { command: 'rm' } }
    const id = turn.call(message, state)
    const ask = turn.server.ask(turn.sessionId, { messageID: message, callID: 'call_1' })
    turn.server.answer(turn.sessionId, ask, 'reject')
    turn.call(message, { ...state, status: 'error', error: 'rejected' }, 'bash', id)
    for (const [version, type] of [
      [5, 'tool-output-error'],
      [6, 'tool-output-denied'],
    ] as const)
      expect(types(createUiMessageEncoder(turn.reply, { version }).next())).to.include(type)
    expect(toUiMessage(turn.reply, { version: 6 }).parts[0]).to.include({ state: 'output-error' })
  })

  it('sends a file once, and again when it was taken back', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const encoder = createUiMessageEncoder(turn.reply)
    const attachments = [{ mime: 'image/png', url: 'data:image/png;base64,AA==' }]
    const state = { status: 'completed', input: {}, output: 'a', attachments }
    const id = turn.call(message, state)
    expect(types(encoder.next())).to.include('file')
    turn.call(message, { ...state, output: 'b' }, 'bash', id)
    expect(types(encoder.next())).to.deep.equal(['tool-output-available'])
    turn.server.removePart(message, id)
    turn.hear()
    expect(types(encoder.next())).to.deep.equal(['data-withdrawn', 'data-withdrawn'])
    turn.call(message, state, 'bash', id)
    expect(types(encoder.next())).to.include('file')
  })

  it('reports a sub-agent after the call that started it, and only what the server stated', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const { server } = turn
    const encoder = createUiMessageEncoder(turn.reply)
    const sessionId = server.openSession(turn.sessionId, 'Look', 'general')
    const input = { description: 'Look', prompt: 'p', subagent_type: 'general' }
    const state = { status: 'running', input, metadata: { sessionId } }
    const id = turn.call(message, state, 'task')
    const prompt = server.addMessage(sessionId, { role: 'user' })
    const answer = server.addMessage(sessionId, { role: 'assistant', parentID: prompt, cost: 0 })
    const file = { type: 'file', mime: 'image/png', url: 'data:image/png;base64,AA==' }
    const time = { start: 1 }
    const text = server.putPart(answer, { type: 'text', text: '', time })
    server.putPart(answer, file)
    const chunks = (): readonly UiChunk[] => {
      turn.hear()
      return encoder.next()
    }
    expect(types(chunks())).to.include.members(['file', 'data-sub-agent'])
    server.delta(answer, text, 'found')
    expect(chunks()).to.deep.equal([])
    server.putPart(answer, { type: 'text', id: text, text: 'found', time: { ...time, end: 2 } })
    const told = { sessionId, toolCallId: id, title: 'Look', agent: 'general', text: 'found' }
    expect(chunks()).to.deep.equal([{ type: 'data-sub-agent', id: sessionId, data: told }])
    server.removePart(message, id)
    chunks()
    turn.call(message, state, 'task', id)
    const again = { type: 'data-sub-agent', data: { ...told, toolCallId: `${id}~1` } }
    expect(encoder.next()).to.containSubset([again])
  })
})
