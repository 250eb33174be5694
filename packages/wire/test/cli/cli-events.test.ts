import { expect } from 'chai'
import { describe, it } from 'mocha'
import { CliFold } from '../../src/cli/cli-result.js'
import { parseCliEvent } from '../../src/cli/cli-events.js'

const base = { timestamp: 7, sessionID: 'ses_1' }
const line = (fields: Record<string, unknown>): string => JSON.stringify({ ...base, ...fields })

describe('parseCliEvent', () => {
  it('finds the text where the tool nests it', () => {
    const event = parseCliEvent(line({ type: 'text', part: { type: 'text', text: 'Hello.' } }))
    expect(event).to.include({ type: 'text', text: 'Hello.', sessionId: 'ses_1', timestamp: 7 })
  })

  it('tells a finished tool call from a failed one', () => {
    const part = { tool: 'bash', callID: 'call_1' }
    const completed = { status: 'completed', input: { command: 'ls' }, output: 'a' }
    const failed = { status: 'error', input: {}, error: 'The user rejected permission' }
    expect(
      parseCliEvent(line({ type: 'tool_use', part: { ...part, state: completed } })),
    ).to.deep.include({
      tool: 'bash',
      callId: 'call_1',
      status: 'completed',
      input: { command: 'ls' },
      output: 'a',
      error: null,
    })
    expect(
      parseCliEvent(line({ type: 'tool_use', part: { ...part, state: failed } })),
    ).to.deep.include({
      status: 'error',
      output: null,
      error: 'The user rejected permission',
    })
  })

  it('reads the message of an error from where the server puts it', () => {
    const nested = { name: 'APIError', data: { message: 'Provider refused', statusCode: 401 } }
    expect(parseCliEvent(line({ type: 'error', error: nested }))).to.include({
      name: 'APIError',
      message: 'Provider refused',
    })
  })

  it('keeps what it does not know and never throws', () => {
    for (const text of ['', 'plain words', 'null', '[1]', '{"type":5}', line({ type: 'newer' })]) {
      expect(parseCliEvent(text)).to.include({ type: 'unknown', line: text })
    }
    for (const type of ['text', 'reasoning', 'tool_use', 'step_start', 'step_finish', 'error']) {
      for (const part of [null, 5, [], { state: 5, tokens: 'x' }]) {
        expect(parseCliEvent(line({ type, part, error: part })).type).to.equal(type)
      }
    }
  })
})

describe('CliFold', () => {
  const step = (reason: string): string =>
    line({
      type: 'step_finish',
      part: { reason, cost: 0.5, tokens: { input: 10, output: 2, cache: { read: 3, write: 4 } } },
    })
  const fold = (lines: string[]): ReturnType<CliFold['result']> => {
    const gathered = new CliFold((text) => text.replace('secret', '…'))
    for (const one of lines) gathered.add(parseCliEvent(one))
    return gathered.result({ code: 0, signal: null }, 'log')
  }

  it('adds up steps and joins texts', () => {
    const text = (value: string): string => line({ type: 'text', part: { text: value } })
    const start = line({ type: 'step_start' })
    expect(
      fold([start, text('One.'), step('tool-calls'), start, text('Two.'), step('stop')]),
    ).to.deep.equal({
      exitCode: 0,
      signal: null,
      sessionId: 'ses_1',
      text: 'One.\n\nTwo.',
      finish: 'stop',
      completed: true,
      error: null,
      cost: 1,
      tokens: { input: 20, output: 4, reasoning: 0, cacheRead: 6, cacheWrite: 8 },
      log: 'log',
    })
  })

  it('does not take an exit with 0 for a complete answer', () => {
    expect(fold([step('tool-calls')])).to.include({ completed: false, finish: 'tool-calls' })
    expect(fold([step('stop'), line({ type: 'step_start' })])).to.include({ completed: false })
    expect(fold([])).to.include({ completed: false, finish: null, sessionId: null })
  })

  it('forgets an error after which the server went on', () => {
    const error = line({ type: 'error', error: { name: 'ContextOverflowError' } })
    expect(fold([error, line({ type: 'step_start' }), step('stop')])).to.include({
      completed: true,
      error: null,
    })
  })

  it('hides secrets in the error', () => {
    const error = { name: 'APIError', data: { message: 'key secret refused' } }
    expect(fold([line({ type: 'error', error })])).to.deep.include({
      completed: false,
      error: { name: 'APIError', message: 'key … refused' },
    })
  })
})
