import type { TurnStep } from '@turnstead/turn'
import type { AgentCall, TurnSettings } from './run-setup.js'

/** Tells the host's error handler what a run survived; one that fails must not become the run's failure. */
export function report(
  { onError }: TurnSettings,
  { callId }: Pick<AgentCall, 'callId'>,
  error: unknown,
  step: TurnStep,
): void {
  try {
    Promise.resolve(onError?.(error, { step, turnId: callId, conversationId: null })).catch(
      () => undefined,
    )
  } catch {
    // There is no one left to tell.
  }
}
