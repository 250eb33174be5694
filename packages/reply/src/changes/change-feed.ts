import type { Change, ChangeBody } from './change.js'
import { notify } from './observer.js'
import type { ObserverErrorHandler, ReplyObserver } from './observer.js'

interface Entry {
  readonly observer: ReplyObserver
  /** The revision at which it came: it gets later changes only. Infinity once it left. */
  since: number
}

/** A queue that was longer is not kept. */
const longestKept = 64

/** Numbers the changes of one reply and delivers them, in order, when the reply is consistent again. */
export class ChangeFeed {
  revision = 0
  onObserverError: ObserverErrorHandler | null = null
  #entries: readonly Entry[] = []
  #queue: (Change | null)[] = []
  /** How much of the queue waits. */
  #waiting = 0
  #delivering = false

  /** Registers an observer; the result unregisters it. */
  observe(observer: ReplyObserver): () => void {
    // An entry of its own, so that one observer registered twice leaves twice.
    const entry: Entry = { observer, since: this.revision }
    this.#entries = [...this.#entries, entry]
    return () => {
      entry.since = Infinity
      this.#entries = this.#entries.filter((each) => each !== entry)
    }
  }

  /** Counts a change and, when someone listens, builds it. */
  announce(build: () => ChangeBody): void {
    this.revision += 1
    if (this.#entries.length === 0) return
    const change = build() as ChangeBody & { revision: number }
    // Neither spread nor assigned from another object, which costs a delta several times as much.
    change.revision = this.revision
    this.#queue[this.#waiting++] = change
  }

  /** Delivers what was announced. Safe to call from an observer: the outer delivery goes on with it. */
  deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    for (let index = 0; index < this.#waiting; index += 1) {
      const change = this.#queue[index] as Change
      this.#queue[index] = null
      for (const { observer, since } of this.#entries) {
        if (change.revision > since) notify(observer, change, this.onObserverError)
      }
    }
    // Most often one change waits; an array that was made empty would take new memory for the next one.
    if (this.#waiting > longestKept) this.#queue = []
    this.#waiting = 0
    this.#delivering = false
  }
}
