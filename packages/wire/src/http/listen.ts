/**
 * What waits for each signal. A process may make dozens of requests on one signal, and Node warns of a leak
 * beyond ten listeners: so each signal has one listener of ours, however many wait.
 */
const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls back once when the signal aborts, at once when it has; the result takes the callback off. */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => undefined
  if (signal.aborted) {
    callback()
    return () => undefined
  }
  const callbacks = waiting.get(signal) ?? listen(signal)
  // Each registration is its own, also when the same function is registered twice.
  const entry = (): void => callback()
  callbacks.add(entry)
  return () => {
    callbacks.delete(entry)
    if (callbacks.size === 0) unlisten(signal)
  }
}

const listeners = new WeakMap<AbortSignal, () => void>()

function listen(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>()
  const listener = (): void => {
    unlisten(signal)
    for (const callback of [...callbacks]) callback()
  }
  waiting.set(signal, callbacks)
  listeners.set(signal, listener)
  signal.addEventListener('abort', listener, { once: true })
  return callbacks
}

function unlisten(signal: AbortSignal): void {
  const listener = listeners.get(signal)
  if (listener !== undefined) signal.removeEventListener('abort', listener)
  listeners.delete(signal)
  waiting.delete(signal)
}
