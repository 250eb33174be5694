import type { Attempt } from '../../script/plan.js'
import type { TextStep, ToolStep, Usage } from '../../script/steps.js'
import {
  argumentPieces,
  argumentsOf,
  joined,
  type AnswerHead,
  type ModelAction,
} from './dialect.js'
import type { JsonRecord } from './json.js'

/** All that a streamed attempt sends before it ends. */
export function* streamResponse(attempt: Attempt, head: AnswerHead): Generator<ModelAction, void> {
  yield frame({ type: 'response.created', response: opening(head, 'in_progress') })
  let index = 0
  for (const saying of attempt.sayings) {
    switch (saying.kind) {
      case 'text':
        yield* textItem(saying, head, index)
        index += 1
        break
      case 'reasoning':
        yield* reasoningItem(saying, head, index)
        index += 1
        break
      case 'tool':
        yield* callItem(saying, head, index)
        index += 1
        break
      default:
        yield saying
    }
  }
  if (attempt.end.kind !== 'finish' || attempt.end.reason === 'none') return
  const response = { ...closing(attempt, head), output: outputOf(attempt, head) }
  yield { ...frame({ type: `response.${response.status}`, response }), tellsUsage: true }
}

/** The body of an attempt that was not asked for as a stream. */
export function wholeResponse(attempt: Attempt, head: AnswerHead): JsonRecord {
  return { ...closing(attempt, head), output: outputOf(attempt, head) }
}

function* deltas(
  step: TextStep,
  make: (delta: string) => JsonRecord,
): Generator<ModelAction, void> {
  for (const [index, chunk] of step.chunks.entries()) {
    if (index > 0 && step.paceMs > 0) yield { kind: 'wait', ms: step.paceMs }
    yield frame(make(chunk))
  }
}

function* textItem(step: TextStep, head: AnswerHead, index: number): Generator<ModelAction, void> {
  const place = { item_id: `msg_${head.id}_${index}`, output_index: index, content_index: 0 }
  const item = textOutput(step, head, index)
  const empty = { type: 'output_text', text: '', annotations: [] }
  yield added(index, { ...item, status: 'in_progress', content: [] })
  yield frame({ type: 'response.content_part.added', ...place, part: empty })
  yield* deltas(step, (delta) => ({ type: 'response.output_text.delta', ...place, delta }))
  const text = step.chunks.join('')
  yield frame({ type: 'response.output_text.done', ...place, text })
  yield frame({ type: 'response.content_part.done', ...place, part: { ...empty, text } })
  yield done(index, item)
}

function* reasoningItem(
  step: TextStep,
  head: AnswerHead,
  index: number,
): Generator<ModelAction, void> {
  const item = reasoningOutput(step, head, index)
  const place = { item_id: `rs_${head.id}_${index}`, output_index: index, summary_index: 0 }
  const part = { type: 'summary_text', text: '' }
  const type = 'response.reasoning_summary_text.delta'
  yield added(index, { ...item, summary: [] })
  yield frame({ type: 'response.reasoning_summary_part.added', ...place, part })
  yield* deltas(step, (delta) => ({ type, ...place, delta }))
  const text = step.chunks.join('')
  yield frame({ type: 'response.reasoning_summary_text.done', ...place, text })
  yield frame({ type: 'response.reasoning_summary_part.done', ...place, part: { ...part, text } })
  yield done(index, item)
}

function* callItem(step: ToolStep, head: AnswerHead, index: number): Generator<ModelAction, void> {
  const item = callOutput(step, head, index)
  const place = { item_id: `fc_${head.id}_${index}`, output_index: index }
  const type = 'response.function_call_arguments.delta'
  yield added(index, { ...item, status: 'in_progress', arguments: '' })
  for (const delta of argumentPieces(step)) yield frame({ type, ...place, delta })
  const whole = argumentsOf(step)
  yield frame({ type: 'response.function_call_arguments.done', ...place, arguments: whole })
  yield done(index, item)
}

function added(index: number, item: JsonRecord): ModelAction {
  return frame({ type: 'response.output_item.added', output_index: index, item })
}

function done(index: number, item: JsonRecord): ModelAction {
  return frame({ type: 'response.output_item.done', output_index: index, item })
}

function textOutput(step: TextStep, head: AnswerHead, index: number): JsonRecord {
  return {
    type: 'message',
    id: `msg_${head.id}_${index}`,
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text: step.chunks.join(''), annotations: [] }],
  }
}

function reasoningOutput(step: TextStep, head: AnswerHead, index: number): JsonRecord {
  return {
    type: 'reasoning',
    id: `rs_${head.id}_${index}`,
    encrypted_content: null,
    summary: [{ type: 'summary_text', text: step.chunks.join('') }],
  }
}

function callOutput(step: ToolStep, head: AnswerHead, index: number): JsonRecord {
  return {
    type: 'function_call',
    id: `fc_${head.id}_${index}`,
    call_id: `call_${head.id}_${index}`,
    name: step.tool,
    arguments: argumentsOf(step),
    status: 'completed',
  }
}

function outputOf(attempt: Attempt, head: AnswerHead): readonly JsonRecord[] {
  const said = attempt.sayings.filter((saying) => saying.kind !== 'wait' && saying.kind !== 'gate')
  return said.map((saying, index) => {
    if (saying.kind === 'tool') return callOutput(saying, head, index)
    return (saying.kind === 'text' ? textOutput : reasoningOutput)(saying, head, index)
  })
}

function opening(head: AnswerHead, status: string): JsonRecord {
  return {
    id: `resp_${head.id}`,
    object: 'response',
    created_at: head.created,
    status,
    model: head.model,
    output: [],
  }
}

const incomplete: Readonly<Record<string, string>> = {
  length: 'max_output_tokens',
  content_filter: 'content_filter',
}

function closing(attempt: Attempt, head: AnswerHead): JsonRecord & { readonly status: string } {
  const reason = attempt.end.kind === 'finish' ? incomplete[attempt.end.reason] : undefined
  const status = reason === undefined ? 'completed' : 'incomplete'
  return {
    ...opening(head, status),
    status,
    output_text: joined(attempt, 'text'),
    incomplete_details: reason === undefined ? null : { reason },
    usage: usageOf(attempt.usage),
  }
}

function usageOf({ input, output, cached, reasoning }: Usage): JsonRecord {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  }
}

function frame(json: JsonRecord): Extract<ModelAction, { kind: 'frame' }> {
  return { kind: 'frame', json, tellsUsage: false }
}
