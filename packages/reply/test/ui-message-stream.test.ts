import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { readUIMessageStream } from 'ai-v6'
import type { UIMessage } from 'ai-v6'
import {
  createUiMessageEncoder,
  toUiMessages,
  toUiMessageResponse,
  uiMessageStream,
  writeUiMessageStream,
} from '../src/ui-message-stream.js'
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

describe('toUiMessages', () => {
  it('gives replies as messages with text, tools and data parts', () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.write(message).end('I look.')
    turn.call(message, {
      status: 'completed',
      input: { command: 'ls' },
      output: 'a.txt',
      title: 'ls',
    })
    const [shown] = toUiMessages([turn.reply], { messageMetadata: ({ cost }) => ({ cost }) })
    expect(shown).to.deep.include({ role: 'assistant', metadata: { cost: 0 } })
    expect(shown?.parts.map(({ type }) => type)).to.deep.equal(['text', 'dynamic-tool'])
    expect(shown?.parts[1]).to.deep.include({
      state: 'output-available',
      input: { command: 'ls' },
      output: { output: 'a.txt', title: 'ls', metadata: null },
    })
  })
})

describe('uiMessageStream', () => {
  it('tells what there is, then what comes, and ends with the turn', async () => {
    const turn = beginTurn()
    const text = turn.write(turn.answer())
    text.grow('a')
    let end: () => void = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const chunks: UiChunk[] = []
    for await (const chunk of uiMessageStream(turn.reply, { ended })) {
      chunks.push(chunk)
      if (chunk.type === 'text-delta' && chunk.delta === 'a') text.grow('b')
      if (chunk.type === 'text-delta' && chunk.delta === 'b') end()
    }
    expect(types(chunks)).to.deep.equal([
      'start',
      'text-start',
      'text-delta',
      'text-delta',
      'text-end',
      'finish',
    ])
  })

  it('waits between batches as long as it is told, and not for the end', async () => {
    const turn = beginTurn()
    const text = turn.write(turn.answer())
    const clock = createManualClock()
    let end: () => void = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const chunks = uiMessageStream(turn.reply, { ended, intervalMs: 1000, clock })
    expect((await chunks.next()).value).to.include({ type: 'start' })
    const next = chunks.next()
    text.grow('a')
    await clock.untilPending(1)
    text.grow('b')
    await clock.advance(1000)
    expect((await next).value).to.include({ type: 'text-start' })
    expect((await chunks.next()).value).to.include({ delta: 'ab' })
    const last = chunks.next()
    text.grow('c')
    await clock.untilPending(1)
    end()
    expect((await last).value).to.include({ delta: 'c' })
    await chunks.return(undefined)
    const wrong = { ended, intervalMs: Number.NaN }
    expect(() => uiMessageStream(turn.reply, wrong)).to.throw(RangeError, '`intervalMs`')
  })

  it('passes the reason of an abort on', async () => {
    const turn = beginTurn()
    const stop = new AbortController()
    const chunks = uiMessageStream(turn.reply, {
      ended: new Promise(() => {}),
      signal: stop.signal,
    })
    await chunks.next()
    const next = chunks.next()
    const reason = new Error('enough')
    stop.abort(reason)
    expect(await next.catch((error: unknown) => error)).to.equal(reason)
  })

  it('is a Web response for useChat', async () => {
    const turn = beginTurn()
    turn.write(turn.answer()).end('hi')
    const response = toUiMessageResponse(uiMessageStream(turn.reply, { ended: Promise.resolve() }))
    expect(response.headers.get('x-vercel-ai-ui-message-stream')).to.equal('v1')
    const lines = (await response.text()).trim().split('\n\n')
    expect(lines.at(-1)).to.equal('data: [DONE]')
    expect(lines[0]).to.equal(`data: {"type":"start","messageId":"${turn.promptId}:reply"}`)
  })

  it('is the body of a Node response', async () => {
    const turn = beginTurn()
    turn.write(turn.answer()).end('hi')
    const server = createServer((_, response) => {
      void writeUiMessageStream(uiMessageStream(turn.reply, { ended: Promise.resolve() }), response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const text = await (await fetch(`http://127.0.0.1:${port}`)).text()
    expect(text)
      .to.include('"delta":"hi"')
      .and.to.match(/data: \[DONE\]\n\n$/)
    server.close()
  })
})
