import { untilAbort } from '../abort.js'
import { monotonic, type Clock } from '../clock.js'
import { ArtifactError } from '../errors.js'

/** Counts the time in which others wait for a store; that of a slow sender is not the store's. */
export interface StoreLimit {
  /** Aborts with the caller's reason, or with `storage_failed` when the store let too much time pass. */
  readonly signal: AbortSignal
  /** A call of the store or the catalog; rejects when the signal aborts, whether or not they heed it. */
  readonly during: <Result>(call: () => Promise<Result>) => Promise<Result>
  /** Something that the store itself waits for. */
  readonly outside: <Result>(call: () => Promise<Result>) => Promise<Result>
  readonly end: () => void
}

export const defaultStoreTimeoutMs = 300_000

/** What a limit needs. */
export interface StoreLimitOptions {
  readonly clock: Clock
  readonly ms: number
  readonly signal: AbortSignal | undefined
}

export function limitStore({ clock, ms, signal }: StoreLimitOptions): StoreLimit {
  const stop = new AbortController()
  const timer = new AbortController()
  /** When the store began to do what it does now; `null` while nobody waits for it. */
  let since: number | null = null

  async function watch(): Promise<void> {
    for (let left = ms; left > 0;) {
      await clock.sleep(left, { signal: timer.signal })
      left = since === null ? ms : since + ms - monotonic(clock)
    }
    const message = `The store did nothing for ${ms} ms; see \`storeTimeoutMs\`.`
    stop.abort(new ArtifactError('storage_failed', message))
  }

  const onAbort = (): void => stop.abort(signal?.reason)
  if (signal?.aborted === true) onAbort()
  else signal?.addEventListener('abort', onAbort, { once: true })
  watch().catch(() => {})

  return {
    signal: stop.signal,
    during: async (call) => {
      since = monotonic(clock)
      try {
        return await untilAbort(stop.signal, call)
      } finally {
        since = null
      }
    },
    outside: async (call) => {
      since = null
      try {
        return await call()
      } finally {
        since = monotonic(clock)
      }
    },
    end: () => {
      signal?.removeEventListener('abort', onAbort)
      timer.abort()
    },
  }
}
