import type { SteadyClock } from '../clock.js'
import { notRun } from '../errors.js'
import type { TurnResult } from '../result.js'
import { onAbort } from '../run/listen.js'
import { Lines } from './lines.js'
import { oldestOf, pauseAfter, type Waiting } from './waiting.js'

/** Runs what waits in lines, each until it is over or its job has to come back. */
export interface LineRunner<Report> {
  readonly running: number
  readonly waiting: number
  readonly oldestWaitingMs: number
  /** How long the one that began last had waited. */
  readonly lagMs: number
  add(entry: Waiting<Report>): void
  /** What runs and what waits. */
  known(): readonly Waiting<Report>[]
  /** Gives back what waits and is chosen. */
  leaveWaiting(isChosen: (entry: Waiting<Report>) => boolean): void
  /** Resolves when what runs now has ended. */
  ended(): Promise<void>
}

/** What a runner needs. */
export interface LineRunnerOptions<Report> {
  readonly concurrency: number
  readonly clock: SteadyClock
  readonly attempt: (entry: Waiting<Report>) => Promise<TurnResult<Report>>
  readonly report: (error: unknown) => void
  /** From then on nothing is begun again. */
  readonly closing: AbortSignal
}

export function createLineRunner<Report>({
  concurrency,
  clock,
  attempt,
  report,
  closing,
}: LineRunnerOptions<Report>): LineRunner<Report> {
  const lines = new Lines<Waiting<Report>>(concurrency)
  const running = new Map<Waiting<Report>, Promise<void>>()
  /** Lines whose first waits for its next try. */
  const pauses = new Map<string, AbortController>()
  let lagMs = 0

  const run = async (entry: Waiting<Report>): Promise<void> => {
    lagMs = clock.now() - entry.since
    try {
      const result = await attempt(entry)
      lines.done(entry)
      const isLeft = result.status === 'skipped' && result.mustRunAgain
      if (!isLeft) entry.resolve(result)
      else if (entry.mayRepeat) repeat(entry, pauseAfter(entry, result.heldUntil, clock))
      else entry.reject(notRun(entry.job.turnId, result.reason))
    } catch (error) {
      lines.done(entry)
      const isWrong = error instanceof TypeError || error instanceof RangeError
      if (!entry.mayRepeat || isWrong) return entry.reject(error)
      repeat(entry, pauseAfter(entry, null, clock))
      report(error)
    }
  }

  const repeat = (entry: Waiting<Report>, ms: number): void => {
    if (closing.aborted) return entry.resolve(null)
    entry.tries += 1
    lines.park(entry)
    const over = new AbortController()
    pauses.set(entry.key, over)
    // A cancel is to be heard at once, also of a turn that waits for its next try.
    const unlisten = [closing, entry.cancel.signal].map((signal) =>
      onAbort(signal, () => over.abort()),
    )
    clock
      .sleep(ms, { signal: over.signal })
      .catch(() => undefined)
      .finally(() => {
        for (const off of unlisten) off()
        pauses.delete(entry.key)
        lines.unpark(entry.key)
        start()
      })
  }

  const start = (): void => {
    for (let entry = lines.next(); entry !== undefined; entry = lines.next()) {
      const begun = entry
      const work = run(begun).finally(() => {
        running.delete(begun)
        start()
      })
      running.set(begun, work)
    }
  }

  return {
    get running() {
      return lines.running
    },
    get waiting() {
      return lines.waiting
    },
    get oldestWaitingMs() {
      return oldestOf(lines.items(), clock)
    },
    get lagMs() {
      return lagMs
    },
    add(entry) {
      lines.add(entry)
      // What comes may be what the first waits for: an answer to the turn that is before it.
      pauses.get(entry.key)?.abort()
      start()
    },
    known: () => [...running.keys(), ...lines.items()],
    leaveWaiting(isChosen) {
      for (const { mayRepeat, resolve, reject, job } of lines.remove(isChosen)) {
        if (mayRepeat) resolve(null)
        else reject(notRun(job.turnId, 'handed_off'))
      }
    },
    async ended() {
      await Promise.all(running.values())
    },
  }
}
