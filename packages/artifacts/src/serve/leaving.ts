import type { ServerResponse } from 'node:http'

/** Ends what is done for an answer whose receiver went away. */
export interface Leaving {
  /** Aborts with the caller's reason, and, until {@link Leaving.begin}, when the receiver goes away. */
  readonly signal: AbortSignal
  readonly hasLeft: () => boolean
  /** The answer begins: from now on its stream tells. */
  readonly begin: () => void
  readonly end: () => void
}

export function watchLeaving(response: ServerResponse, signal: AbortSignal | undefined): Leaving {
  const stop = new AbortController()
  let hasLeft = false
  const onClose = (): void => {
    hasLeft = true
    stop.abort(new Error('The receiver of the answer went away.'))
  }
  const onAbort = (): void => stop.abort(signal?.reason)
  if (signal?.aborted === true) onAbort()
  else signal?.addEventListener('abort', onAbort, { once: true })
  if (response.destroyed) onClose()
  else response.once('close', onClose)
  const begin = (): void => void response.off('close', onClose)
  return {
    signal: stop.signal,
    hasLeft: () => hasLeft,
    begin,
    end: () => {
      begin()
      signal?.removeEventListener('abort', onAbort)
    },
  }
}
