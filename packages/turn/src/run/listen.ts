/** The callbacks that wait for one signal, and the one listener of ours that calls them. */
interface Waiting {
  readonly callbacks: Set<() => void>
  /** Takes the listener off. */
  readonly stop: () => void
}

/**
 * What waits for each signal. A process may run hundreds of turns, and make dozens of requests, on one signal, and Node warns of a leak
 * beyond ten listeners: so each signal has one listener of ours, however many wait.
 */
const waitingFor = new WeakMap<AbortSignal, Waiting>()

/** Calls back once when the signal aborts, at once when it has; the result takes the callback off and may be called again. */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => undefined
  if (signal.aborted) {
    callback()
    return () => undefined
  }
  const { callbacks, stop } = waitingFor.get(signal) ?? listen(signal)
  // Each registration is its own, also when the same function is registered twice.
  const entry = (): void => callback()
  callbacks.add(entry)
  return () => {
    // A second call must not stop those who came after the first.
    if (callbacks.delete(entry) && callbacks.size === 0) stop()
  }
}

function listen(signal: AbortSignal): Waiting {
  const callbacks = new Set<() => void>()
  const stop = (): void => {
    signal.removeEventListener('abort', callAll)
    waitingFor.delete(signal)
  }
  const callAll = (): void => {
    stop()
    for (const callback of [...callbacks]) callback()
  }
  const waiting = { callbacks, stop }
  waitingFor.set(signal, waiting)
  signal.addEventListener('abort', callAll, { once: true })
  return waiting
}

/** Does something under a signal that aborts when one of these does. */
export async function withEither<T>(
  signals: readonly (AbortSignal | undefined)[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // Of its own: a signal that is made of one that lives as long as the process would live as long.
  const either = new AbortController()
  const unlisten = signals.map((signal) => onAbort(signal, () => either.abort(signal?.reason)))
  try {
    return await work(either.signal)
  } finally {
    for (const off of unlisten) off()
  }
}
