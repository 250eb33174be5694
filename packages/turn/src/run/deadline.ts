import { isOver, type SteadyClock } from '../clock.js'
import { onAbort } from './listen.js'

/** How long something may take, and what it is called when it takes longer. */
export interface Deadline {
  readonly ms: number
  /** Gives it up early: the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** What to reject with when the time is over. */
  readonly expired: () => unknown
}

/**
 * Does something that may never answer: settles as the work does, or rejects when its time is over or the signal
 * aborts. The work is given a signal that aborts then, so that what can stop does stop.
 */
export function withinMs<T>(
  clock: SteadyClock,
  { ms, signal, expired }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // Most work takes no signal, and making one is dear.
  const ended = work.length === 0 ? null : new AbortController()
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const end = (settle: () => void, reason: unknown = isOver): void => {
      unlisten()
      cancel()
      settle()
      ended?.abort(reason)
    }
    const fail = (error: unknown): void => end(() => reject(error), error)
    const unlisten = onAbort(signal, () => fail(signal?.reason))
    const cancel = clock.later(ms, () => fail(expired()))
    startNow(work, ended?.signal ?? unused).then((value) => end(() => resolve(value)), fail)
  })
}

/** For work that takes none. */
const unused = new AbortController().signal

/** What throws at once fails as what rejects later does. */
async function startNow<T>(
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return await work(signal)
}

/** Something that goes on until it is closed. */
export interface Background {
  /** Ends it and waits until it has ended. */
  close(): Promise<void>
}

/** Starts something that goes on until it is closed; it must end when its signal aborts. */
export function inBackground(work: (signal: AbortSignal) => Promise<void>): Background {
  const closing = new AbortController()
  const done = work(closing.signal)
  return {
    async close() {
      closing.abort(isOver)
      await done
    },
  }
}
