/**
 * What waits for each signal. One signal may bound hundreds of requests, and Node warns of a leak beyond ten listeners: so
 * each signal has one listener of ours.
 */
const waiting = new WeakMap<
  AbortSignal,
  { readonly calls: Set<() => void>; readonly stop: () => void }
>()

/** Calls back once, when the signal aborts; one that has aborted before is the caller's to see. The result takes it off. */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined || signal.aborted) return () => undefined
  const { calls, stop } = waiting.get(signal) ?? listen(signal)
  // Each registration is its own, also when the same function is registered twice.
  const call = (): void => callback()
  calls.add(call)
  return () => {
    if (calls.delete(call) && calls.size === 0) stop()
  }
}

function listen(signal: AbortSignal): {
  readonly calls: Set<() => void>
  readonly stop: () => void
} {
  const calls = new Set<() => void>()
  const stop = (): void => {
    signal.removeEventListener('abort', callAll)
    waiting.delete(signal)
  }
  const callAll = (): void => {
    stop()
    for (const call of [...calls]) call()
  }
  const entry = { calls, stop }
  waiting.set(signal, entry)
  signal.addEventListener('abort', callAll, { once: true })
  return entry
}
