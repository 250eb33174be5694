import type { Attempt, AttemptEnd } from '../../script/plan.js'
import type { TextStep, ToolStep, Usage } from '../../script/steps.js'
import { argumentPieces, argumentsOf, type AnswerHead, type ModelAction } from './dialect.js'
import type { JsonRecord } from './json.js'

/** All that a streamed attempt sends before it ends. */
export function* streamMessage(attempt: Attempt, head: AnswerHead): Generator<ModelAction, void> {
  const usage = { ...inputOf(attempt.usage), output_tokens: 1 }
  const message = { ...opening(head), content: [], stop_reason: null, stop_sequence: null, usage }
  yield frame({ type: 'message_start', message })
  let index = 0
  for (const saying of attempt.sayings) {
    switch (saying.kind) {
      case 'text':
      case 'reasoning':
        yield* spokenBlock(saying, index)
        index += 1
        break
      case 'tool':
        yield* callBlock(saying, head, index)
        index += 1
        break
      default:
        yield saying
    }
  }
  if (attempt.end.kind !== 'finish' || attempt.end.reason === 'none') return
  const delta = { stop_reason: stopReasons[attempt.end.reason], stop_sequence: null }
  const used = { output_tokens: attempt.usage.output }
  yield { ...frame({ type: 'message_delta', delta, usage: used }), tellsUsage: true }
  yield frame({ type: 'message_stop' })
}

/** The body of an attempt that was not asked for as a stream. */
export function wholeMessage(attempt: Attempt, head: AnswerHead): JsonRecord {
  const said = attempt.sayings.filter((saying) => saying.kind !== 'wait' && saying.kind !== 'gate')
  const content = said.map((saying, index): JsonRecord => {
    if (saying.kind !== 'tool') return wholeSpoken(saying)
    const input: unknown = typeof saying.input === 'string' ? {} : saying.input
    return { type: 'tool_use', id: callId(head, index), name: saying.tool, input }
  })
  return {
    ...opening(head),
    content,
    stop_reason: attempt.end.kind === 'finish' ? stopReasons[attempt.end.reason] : 'end_turn',
    stop_sequence: null,
    usage: { ...inputOf(attempt.usage), output_tokens: attempt.usage.output },
  }
}

const stopReasons: Readonly<
  Record<Extract<AttemptEnd, { kind: 'finish' }>['reason'], string | null>
> = {
  stop: 'end_turn',
  length: 'max_tokens',
  content_filter: 'refusal',
  tool_calls: 'tool_use',
  none: null,
}

/** Thoughts go back to the model with a signature, which only the model that had them could check. */
const signature = 'c2NyaXB0ZWQ='

function* spokenBlock(step: TextStep, index: number): Generator<ModelAction, void> {
  const isText = step.kind === 'text'
  yield started(
    index,
    isText ? { type: 'text', text: '' } : { type: 'thinking', thinking: '', signature: '' },
  )
  for (const [place, chunk] of step.chunks.entries()) {
    if (place > 0 && step.paceMs > 0) yield { kind: 'wait', ms: step.paceMs }
    yield grown(
      index,
      isText ? { type: 'text_delta', text: chunk } : { type: 'thinking_delta', thinking: chunk },
    )
  }
  if (!isText) yield grown(index, { type: 'signature_delta', signature })
  yield frame({ type: 'content_block_stop', index })
}

function* callBlock(step: ToolStep, head: AnswerHead, index: number): Generator<ModelAction, void> {
  yield started(index, { type: 'tool_use', id: callId(head, index), name: step.tool, input: {} })
  const pieces = argumentsOf(step) === '{}' ? [] : argumentPieces(step)
  for (const piece of pieces) {
    yield grown(index, { type: 'input_json_delta', partial_json: piece })
  }
  yield frame({ type: 'content_block_stop', index })
}

function wholeSpoken(step: TextStep): JsonRecord {
  const text = step.chunks.join('')
  return step.kind === 'text'
    ? { type: 'text', text }
    : { type: 'thinking', thinking: text, signature }
}

function started(index: number, block: JsonRecord): ModelAction {
  return frame({ type: 'content_block_start', index, content_block: block })
}

function grown(index: number, delta: JsonRecord): ModelAction {
  return frame({ type: 'content_block_delta', index, delta })
}

function callId(head: AnswerHead, index: number): string {
  return `toolu_${head.id}_${index}`
}

function opening(head: AnswerHead): JsonRecord {
  return { id: `msg_${head.id}`, type: 'message', role: 'assistant', model: head.model }
}

/** This API counts what came from the cache apart. */
function inputOf({ input, cached }: Usage): JsonRecord {
  return {
    input_tokens: input - cached,
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: 0,
  }
}

function frame(json: JsonRecord): Extract<ModelAction, { kind: 'frame' }> {
  return { kind: 'frame', json, tellsUsage: false }
}
