import { steady, systemClock } from '../clock.js'
import { notRun } from '../errors.js'
import { reportSafely } from '../options.js'
import { skipped, type TurnResult } from '../result.js'
import { withinMs } from '../run/deadline.js'
import { onAbort } from '../run/listen.js'
import { attempt } from './attempt.js'
import { Lines } from './lines.js'
import type { TurnJob, TurnWorker, TurnWorkerOptions } from './options.js'
import { oldestOf, pauseAfter, type Waiting } from './waiting.js'

/**
 * A worker for many turns: bounded, in order within a conversation. Correctness rests on the rows: any number of workers may
 * be given the same turns.
 *
 * @throws RangeError for a limit that makes no sense.
 *
 * @example
 * const worker = createTurnWorker({ client, store, notifier, owner, concurrency: 20 })
 * process.once('SIGTERM', () => void worker.close())
 * await worker.run({ conversationId, turnId, prompt: { text } }, { signal })
 */
export function createTurnWorker<Report = unknown>(
  options: TurnWorkerOptions<Report>,
): TurnWorker<Report> {
  const { turnOptions, ...turns } = options
  const { concurrency, maxWaiting, handOverMs } = limitsOf(options)
  const clock = steady(options.clock ?? systemClock)
  const lines = new Lines<Waiting<Report>>(concurrency)
  const running = new Map<Waiting<Report>, Promise<void>>()
  const closing = new AbortController()
  let lagMs = 0

  const report = (error: unknown): void => reportSafely(options.onError, error, 'worker')

  const finish = async (entry: Waiting<Report>): Promise<void> => {
    lagMs = clock.now() - entry.since
    try {
      const { job, cancel, signal } = entry
      const leaveSignals = [closing.signal, signal]
      const cancelSignal = cancel.signal
      const result = await attempt(turns, turnOptions, { job, cancelSignal, leaveSignals })
      lines.done(entry)
      const isLeft = result.status === 'skipped' && result.mustRunAgain
      if (!isLeft) entry.resolve(result)
      else if (entry.mayRepeat) repeat(entry, pauseAfter(entry, result.heldUntil, clock))
      else entry.reject(notRun(job.turnId, result.reason))
    } catch (error) {
      lines.done(entry)
      if (!entry.mayRepeat || error instanceof TypeError || error instanceof RangeError) {
        entry.reject(error)
        return
      }
      repeat(entry, pauseAfter(entry, null, clock))
      report(error)
    }
  }

  const repeat = (entry: Waiting<Report>, ms: number): void => {
    if (closing.signal.aborted) return entry.resolve(null)
    entry.tries += 1
    lines.park(entry)
    clock
      .sleep(ms, { signal: closing.signal })
      .catch(() => undefined)
      .finally(() => {
        lines.unpark(entry.key)
        start()
      })
  }

  const start = (): void => {
    for (let entry = lines.next(); entry !== undefined; entry = lines.next()) {
      const begun = entry
      const work = finish(begun).finally(() => {
        running.delete(begun)
        start()
      })
      running.set(begun, work)
    }
  }

  const add = (
    job: TurnJob,
    { mayRepeat, signal }: Pick<Waiting<Report>, 'mayRepeat' | 'signal'>,
  ): Promise<TurnResult<Report> | null> =>
    new Promise((resolve, reject) => {
      if (closing.signal.aborted || signal?.aborted === true) {
        return mayRepeat ? resolve(null) : reject(notRun(job.turnId, 'handed_off'))
      }
      if (lines.waiting >= maxWaiting) {
        throw new RangeError(
          `${maxWaiting} turns wait already (\`maxWaiting\`); turn ${job.turnId} was not taken.`,
        )
      }
      const key = String(job.conversationId)
      const cancel = new AbortController()
      const entry = { key, job, since: clock.now(), mayRepeat, signal, cancel, tries: 0 }
      const unlisten = onAbort(signal, () => leaveWaiting((each) => each.signal === signal))
      const settled = <Value>(settle: (value: Value) => void) => {
        return (value: Value): void => {
          unlisten()
          settle(value)
        }
      }
      lines.add({ ...entry, resolve: settled(resolve), reject: settled(reject) })
      start()
    })

  const leaveWaiting = (isChosen: (entry: Waiting<Report>) => boolean): void => {
    for (const { mayRepeat, resolve, reject, job } of lines.remove(isChosen)) {
      if (mayRepeat) resolve(null)
      else reject(notRun(job.turnId, 'handed_off'))
    }
  }

  const close = async (): Promise<void> => {
    closing.abort(new Error('the worker is closing'))
    leaveWaiting(() => true)
    const expired = (): Error =>
      new Error(`${running.size} turns did not end within ${handOverMs} ms (\`handOverMs\`).`)
    const all = async (): Promise<void> => void (await Promise.all(running.values()))
    await withinMs(clock, { ms: handOverMs, expired }, all).catch(report)
  }

  return {
    async run(job, { signal } = {}) {
      const result = await add(job, { mayRepeat: false, signal })
      return result ?? skipped(job.turnId, 'handed_off')
    },
    enqueue: (job) => add(job, { mayRepeat: true, signal: undefined }),
    async cancel({ turnId, reason = null }) {
      const isCancelled = await options.store.cancel({ turnId, reason })
      for (const { job, cancel } of [...running.keys(), ...lines.items()]) {
        if (String(job.turnId) === String(turnId)) cancel.abort(new Error('cancelled by the user'))
      }
      return isCancelled
    },
    health: () => ({
      running: lines.running,
      waiting: lines.waiting,
      oldestWaitingMs: oldestOf(lines.items(), clock),
      lagMs,
      isClosing: closing.signal.aborted,
    }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function limitsOf<Report>({
  concurrency = 10,
  maxWaiting = 10_000,
  handOverMs = 10_000,
}: TurnWorkerOptions<Report>): Readonly<
  Record<'concurrency' | 'maxWaiting' | 'handOverMs', number>
> {
  const limits = { concurrency, maxWaiting, handOverMs }
  for (const [name, value] of Object.entries(limits)) {
    if (!(value >= 1)) throw new RangeError(`\`${name}\` must be a number, 1 or more`)
  }
  return limits
}
