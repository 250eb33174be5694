import { onAbort } from './listen.js'

/** A signal that aborts with the first of others, and can be taken off them: `AbortSignal.any` stays on a long-lived one. */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): {
  readonly signal: AbortSignal
  readonly release: () => void
} {
  const first = new AbortController()
  const stops = signals.map((each) => onAbort(each, () => first.abort(each?.reason)))
  return {
    signal: first.signal,
    release() {
      for (const stop of stops) stop()
    },
  }
}
