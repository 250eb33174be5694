import type { AnswerRequest, AnswerResult } from '@turnstead/turn'
import { runningCalls } from './run/running-calls.js'

/** A person's answer to an ask of a run. */
export interface TaskAnswer extends Pick<AnswerRequest, 'askId' | 'decision' | 'by'> {
  /** The tool call whose output shows the ask. */
  readonly toolCallId: string
  /** The `scope` of the tool; must be given where that has one. */
  readonly scope?: string
}

const missing: AnswerResult = { accepted: false, reason: 'missing', ask: null }

/**
 * Answers a permission or question of a run of this process; the first answer wins. Check before that the user may: for a run
 * under a `scope` only its own scope is taken. A run in another process is answered by the `answerAsk` of its store.
 *
 * @example
 * const result = await answerTask({ scope: chatId, toolCallId, askId, decision: { action: 'allow' } })
 */
export async function answerTask(answer: TaskAnswer): Promise<AnswerResult> {
  const { toolCallId, scope, ...request } = answer
  for (const call of runningCalls(toolCallId)) {
    if (call.scope !== (scope ?? '')) continue
    const result = await call.answer(request)
    if (result.accepted || result.reason !== 'missing') return result
  }
  return missing
}
