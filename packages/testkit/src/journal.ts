import { TestkitError } from './errors.js'
import { realTime } from './real-time.js'

/** A list that a test can wait on. */
export interface Journal<Entry> {
  /** Everything so far, oldest first. */
  readonly entries: readonly Entry[]
  /** The entries that match. */
  filter(match: (entry: Entry) => boolean): readonly Entry[]
  /**
   * The first entry that matches and that no earlier `next` has returned; waits for it when it has not come yet.
   * Fails with `wait_timeout` after `timeoutMs` of real time (default 2,000), naming what did come.
   */
  next(
    match?: (entry: Entry) => boolean,
    options?: { timeoutMs?: number; signal?: AbortSignal },
  ): Promise<Entry>
}

/** A journal and the way to write into it. */
export interface WritableJournal<Entry> extends Journal<Entry> {
  /** Appends an entry and wakes whoever waits for it. */
  push(entry: Entry): void
}

/** Makes a journal; `describe` is what an error message shows of an entry. */
export function createJournal<Entry>(describe: (entry: Entry) => string): WritableJournal<Entry> {
  const entries: Entry[] = []
  const taken = new Set<number>()
  const waiters = new Set<() => void>()

  const takeFirst = (match: (entry: Entry) => boolean): Entry | undefined => {
    for (const [index, entry] of entries.entries()) {
      if (taken.has(index) || !match(entry)) continue
      taken.add(index)
      return entry
    }
    return undefined
  }

  return {
    entries,
    filter: (match) => entries.filter(match),
    push(entry) {
      entries.push(entry)
      for (const waiter of [...waiters]) waiter()
    },
    next(match = () => true, options = {}) {
      const { timeoutMs = 2_000, signal } = options
      const found = takeFirst(match)
      if (found !== undefined) return Promise.resolve(found)
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const stop = (): void => {
          realTime.clearTimeout(timer)
          waiters.delete(look)
          signal?.removeEventListener('abort', onAbort)
        }
        const look = (): void => {
          const entry = takeFirst(match)
          if (entry === undefined) return
          stop()
          resolve(entry)
        }
        const onAbort = (): void => {
          stop()
          reject(signal?.reason)
        }
        const timer = realTime.setTimeout(() => {
          stop()
          reject(new TestkitError('wait_timeout', notCome(entries.map(describe), timeoutMs)))
        }, timeoutMs)
        waiters.add(look)
        signal?.addEventListener('abort', onAbort, { once: true })
      })
    },
  }
}

function notCome(seen: readonly string[], timeoutMs: number): string {
  const list =
    seen.length === 0 ? 'nothing came' : `the last that came: ${seen.slice(-5).join(', ')}`
  return `No new matching entry within ${timeoutMs} ms; ${list}`
}
