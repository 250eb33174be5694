import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createManualClock } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import * as ai5 from 'ai-v5'
import * as ai6 from 'ai-v6'
import {
  createUiMessageEncoder,
  toUiMessages,
  toUiMessageResponse,
  uiMessageStream,
  writeUiMessageStream,
} from '../src/ui-message-stream.js'
import type { UiChunk } from '../src/ui-message-stream.js'
import { beginTurn } from './support/turn.js'
import { createSettableClock } from './support/settable-clock.js'

function types(chunks: readonly UiChunk[]): string[] {
  return chunks.map(({ type }) => type)
}

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
    expect(shown?.parts[0]).to.include({ text: 'I look.', state: 'done' })
    expect(shown?.parts[1]).to.deep.include({
      state: 'output-available',
      input: { command: 'ls' },
      output: { output: 'a.txt', title: 'ls', metadata: null },
    })
  })
})

describe('toUiMessages with prompts', () => {
  it('gives what the user said before each answer, with files', () => {
    const turn = beginTurn()
    turn.write(turn.answer()).end('Yes.')
    const file = { type: 'file', mediaType: 'text/plain', url: 'https://files.invalid/a' } as const
    const history = toUiMessages([
      { prompt: { text: 'Look?', files: [file], metadata: { row: 1 } }, reply: turn.reply },
      { prompt: { id: 'p2', text: 'And now?' }, reply: null },
    ])
    expect(history.map(({ id, role }) => [id, role])).to.deep.equal([
      [turn.promptId, 'user'],
      [`${turn.promptId}:reply`, 'assistant'],
      ['p2', 'user'],
    ])
    expect(history[0]).to.deep.equal({
      id: turn.promptId,
      role: 'user',
      parts: [{ type: 'text', text: 'Look?' }, file],
      metadata: { row: 1 },
    })
    const nameless = [{ prompt: { text: 'hi' }, reply: null }]
    expect(() => toUiMessages(nameless)).to.throw(TypeError, '`prompt.id`')
  })
})

describe('the AI SDK', () => {
  for (const [version, validate] of [
    [5, (messages: unknown) => ai5.safeValidateUIMessages({ messages })],
    [6, (messages: unknown) => ai6.safeValidateUIMessages({ messages })],
  ] as const) {
    it(`takes stored replies for its own, version ${version}`, async () => {
      const turn = beginTurn()
      const message = turn.answer()
      const attachments = [{ mime: 'image/png', url: 'data:image/png;base64,AA==' }]
      const input = { command: 'ls' }
      turn.write(message, 'reasoning').end('hm')
      turn.write(message).end('I look.')
      turn.call(message, { status: 'completed', input, output: 'a.txt', attachments })
      turn.call(message, { status: 'error', input, error: 'no' })
      turn.call(message, { status: 'running', input, metadata: { output: 'a' } })
      turn.call(message, { status: 'pending', input: {} })
      turn.write(message).grow('more')
      turn.server.ask(turn.sessionId, null)
      turn.hear()
      const { success } = await validate(toUiMessages([turn.reply]))
      expect(success).to.equal(true)
    })
  }

  it('takes the last chunks for its own', async () => {
    const turn = beginTurn()
    turn.complete(turn.answer())
    const chunks = createUiMessageEncoder(turn.reply, { messageMetadata: () => ({ a: 1 }) }).end()
    for (const schema of [ai5.uiMessageChunkSchema(), ai6.uiMessageChunkSchema()]) {
      for (const chunk of chunks)
        expect((await schema.validate?.(chunk))?.success, chunk.type).to.equal(true)
    }
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

  it('waits between batches as long as it is asked to, and not for the end', async () => {
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

  it('ends as the reply says, whatever the end of the turn brings', async () => {
    const turn = beginTurn()
    turn.complete(turn.answer(), { error: { name: 'MessageAbortedError', data: {} } })
    const ended = Promise.resolve({ status: 'completed' })
    let last = ''
    for await (const { type } of uiMessageStream(turn.reply, { ended })) last = type
    expect(last).to.equal('abort')
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

  it('sends a comment in time when the time of the machine is set back', async () => {
    const clock = createManualClock()
    const machine = createSettableClock(clock)
    const chunks = uiMessageStream(beginTurn().reply, { ended: new Promise(() => {}) })
    const { body } = toUiMessageResponse(chunks, { heartbeatMs: 1000, clock: machine })
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
    await reader?.read()
    const next = reader?.read()
    machine.setBack()
    await clock.advance(1000)
    expect((await next)?.value).to.equal(': heartbeat\n\n')
    await reader?.cancel()
  })

  it('sends a comment when no chunk comes, so that no proxy hangs up', async () => {
    const turn = beginTurn()
    const clock = createManualClock()
    const stop = new AbortController()
    const chunks = uiMessageStream(turn.reply, {
      ended: new Promise(() => {}),
      signal: stop.signal,
    })
    const { body } = toUiMessageResponse(chunks, { heartbeatMs: 1000, clock })
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader?.read())?.value).to.include('"start"')
    const quiet = reader?.read()
    await clock.advance(600)
    turn.write(turn.answer()).grow('a')
    expect((await quiet)?.value).to.include('text-start')
    expect((await reader?.read())?.value).to.include('text-delta')
    let comment = ''
    const next = reader?.read().then(({ value }) => (comment = value ?? ''))
    await clock.advance(999)
    expect(comment).to.equal('')
    await clock.advance(1)
    await next
    expect(comment).to.equal(': heartbeat\n\n')
    await reader?.cancel()
    expect(() => toUiMessageResponse(chunks, { heartbeatMs: 0 })).to.throw(
      RangeError,
      'heartbeatMs',
    )
  })
})
