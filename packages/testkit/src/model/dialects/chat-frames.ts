import type { Attempt } from '../../script/plan.js'
import type { ToolStep, Usage } from '../../script/steps.js'
import {
  argumentPieces,
  argumentsOf,
  joined,
  type AnswerHead,
  type ModelAction,
} from './dialect.js'

/** Everything that a streamed attempt sends before it ends, in order. */
export function* streamActions(attempt: Attempt, head: AnswerHead): Generator<ModelAction, void> {
  yield frame(head, { role: 'assistant', content: '' })
  let toolIndex = 0
  for (const saying of attempt.sayings) {
    switch (saying.kind) {
      case 'text':
      case 'reasoning':
        for (const [index, chunk] of saying.chunks.entries()) {
          if (index > 0 && saying.paceMs > 0) yield { kind: 'wait', ms: saying.paceMs }
          yield frame(
            head,
            saying.kind === 'text' ? { content: chunk } : { reasoning_content: chunk },
          )
        }
        break
      case 'tool':
        yield* toolFrames(saying, toolIndex, head)
        toolIndex += 1
        break
      default:
        yield saying
    }
  }
  if (attempt.end.kind === 'finish' && attempt.end.reason !== 'none') {
    yield frame(head, {}, attempt.end.reason)
    const json = { ...opening(head), choices: [], usage: usageOf(attempt.usage) }
    yield { kind: 'frame', json, tellsUsage: true }
  }
}

function* toolFrames(
  step: ToolStep,
  index: number,
  head: AnswerHead,
): Generator<ModelAction, void> {
  const id = callId(head, index)
  const [first = '', ...others] = argumentPieces(step)
  yield frame(head, {
    tool_calls: [{ index, id, type: 'function', function: { name: step.tool, arguments: first } }],
  })
  for (const piece of others) {
    yield frame(head, { tool_calls: [{ index, function: { arguments: piece } }] })
  }
}

/** The body of an attempt that was not asked for as a stream. */
export function wholeCompletion(
  attempt: Attempt,
  head: AnswerHead,
): Readonly<Record<string, unknown>> {
  const calls = attempt.sayings
    .filter((saying) => saying.kind === 'tool')
    .map((step, index) => ({
      id: callId(head, index),
      type: 'function',
      function: { name: step.tool, arguments: argumentsOf(step) },
    }))
  const reasoning = joined(attempt, 'reasoning')
  const message = {
    role: 'assistant',
    content: joined(attempt, 'text'),
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
  const reason = attempt.end.kind === 'finish' ? attempt.end.reason : 'stop'
  return {
    ...opening(head),
    object: 'chat.completion',
    choices: [{ index: 0, message, finish_reason: reason === 'none' ? null : reason }],
    usage: usageOf(attempt.usage),
  }
}

function callId(head: AnswerHead, index: number): string {
  return `call_${head.id}_${index}`
}

function opening(head: AnswerHead): Record<string, unknown> {
  return {
    id: `chatcmpl-${head.id}`,
    object: 'chat.completion.chunk',
    created: head.created,
    model: head.model,
  }
}

function frame(
  head: AnswerHead,
  delta: Readonly<Record<string, unknown>>,
  finishReason: string | null = null,
): ModelAction {
  return {
    kind: 'frame',
    json: { ...opening(head), choices: [{ index: 0, delta, finish_reason: finishReason }] },
    tellsUsage: false,
  }
}

function usageOf(usage: Usage): Record<string, unknown> {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached },
    completion_tokens_details: { reasoning_tokens: usage.reasoning },
  }
}
