import type { Attempt } from '../script/plan.js'
import type { ToolStep, Usage } from '../script/steps.js'

/** A chunk of a streamed completion, a pause, or a stop at a gate. */
export type CompletionAction =
  | { readonly kind: 'frame'; readonly json: Readonly<Record<string, unknown>> }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'gate'; readonly name: string }

/** What names a completion. */
export interface CompletionHead {
  readonly id: string
  readonly created: number
  readonly model: string
}

/** Everything that a streamed attempt sends before it ends, in order. */
export function* streamActions(
  attempt: Attempt,
  head: CompletionHead,
): Generator<CompletionAction, void> {
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
    yield { kind: 'frame', json: { ...opening(head), choices: [], usage: usageOf(attempt.usage) } }
  }
}

function* toolFrames(
  step: ToolStep,
  index: number,
  head: CompletionHead,
): Generator<CompletionAction, void> {
  const id = callId(head, index)
  const content = argumentsOf(step)
  const size = Math.max(1, Math.ceil(content.length / step.pieces))
  yield frame(head, {
    tool_calls: [
      {
        index,
        id,
        type: 'function',
        function: { name: step.tool, arguments: content.slice(0, size) },
      },
    ],
  })
  for (let start = size; start < content.length; start += size) {
    const piece = content.slice(start, start + size)
    yield frame(head, { tool_calls: [{ index, function: { arguments: piece } }] })
  }
}

/** The body of an attempt that was not asked for as a stream. */
export function wholeCompletion(
  attempt: Attempt,
  head: CompletionHead,
): Readonly<Record<string, unknown>> {
  const join = (kind: 'text' | 'reasoning'): string =>
    attempt.sayings.flatMap((saying) => (saying.kind === kind ? saying.chunks : [])).join('')
  const calls = attempt.sayings
    .filter((saying) => saying.kind === 'tool')
    .map((step, index) => ({
      id: callId(head, index),
      type: 'function',
      function: { name: step.tool, arguments: argumentsOf(step) },
    }))
  const reasoning = join('reasoning')
  const message = {
    role: 'assistant',
    content: join('text'),
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

function argumentsOf(step: ToolStep): string {
  return typeof step.input === 'string' ? step.input : JSON.stringify(step.input)
}

function callId(head: CompletionHead, index: number): string {
  return `call_${head.id}_${index}`
}

function opening(head: CompletionHead): Record<string, unknown> {
  return {
    id: `chatcmpl-${head.id}`,
    object: 'chat.completion.chunk',
    created: head.created,
    model: head.model,
  }
}

function frame(
  head: CompletionHead,
  delta: Readonly<Record<string, unknown>>,
  finishReason: string | null = null,
): CompletionAction {
  return {
    kind: 'frame',
    json: { ...opening(head), choices: [{ index: 0, delta, finish_reason: finishReason }] },
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
