import type { AnswerRequest, AnswerResult } from '@turnstead/turn'

/** A call whose agent works in this process. */
export interface RunningCall {
  readonly scope: string
  answer(request: Pick<AnswerRequest, 'askId' | 'decision' | 'by'>): Promise<AnswerResult>
}

const calls = new Map<string, Set<RunningCall>>()

/** Lets the call be found by its id; the result takes it out. */
export function addRunningCall(callId: string, call: RunningCall): () => void {
  const same = calls.get(callId) ?? new Set<RunningCall>()
  calls.set(callId, same.add(call))
  return () => {
    same.delete(call)
    if (same.size === 0 && calls.get(callId) === same) calls.delete(callId)
  }
}

export function runningCalls(callId: string): readonly RunningCall[] {
  return [...(calls.get(callId) ?? [])]
}
