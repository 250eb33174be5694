import { steady, systemClock } from '../clock.js'
import { notRun, TurnError } from '../errors.js'
import { reportSafely } from '../errors.js'
import type { LeftTurn } from '../ports.js'
import { skipped, type TurnResult } from '../result.js'
import { withinMs } from '../run/deadline.js'
import { onAbort } from '../run/listen.js'
import { resolveOptions } from '../options.js'
import { assertPorts } from '../checks/ports.js'
import { attempt } from './attempt.js'
import { createLineRunner } from './line-runner.js'
import { lookForLeft } from './look-for-left.js'
import type { TurnJob, TurnWorker, TurnWorkerOptions } from './options.js'
import { assertTurnNames } from '../checks/names.js'
import type { Waiting } from './waiting.js'

/**
 * A worker for many turns: bounded, in order within a conversation, and with an eye for turns that crashes left. Correctness
 * rests on the rows: any number of workers may be given the same turns.
 *
 * @throws TypeError or RangeError for options that make no sense: what `runTurn` would refuse of each job, it refuses at once.
 *
 * @example
 * const worker = createTurnWorker({ client, store, notifier, owner, concurrency: 20 })
 * process.once('SIGTERM', () => void worker.close())
 * await worker.run({ conversationId, turnId, prompt: { text } }, { signal })
 */
export function createTurnWorker<Report = unknown>(
  options: TurnWorkerOptions<Report>,
): TurnWorker<Report> {
  assertTurnNames('createTurnWorker', options)
  assertPorts(options)
  const { turnOptions, onPending, ...turns } = options
  // What no turn could be run with is refused now, and not by each job.
  resolveOptions({ ...turns, conversationId: '', turnId: '' })
  const { concurrency, maxWaiting, handOverMs, resumeMs } = limitsOf(options)
  const clock = steady(options.clock ?? systemClock)
  const closing = new AbortController()
  const noTurn = { step: 'worker', turnId: null, conversationId: null } as const
  const report = (error: unknown): void => reportSafely(options.onError, error, noTurn)
  const runner = createLineRunner<Report>({
    concurrency,
    clock,
    report,
    closing: closing.signal,
    attempt: ({ job, cancel, signal }) =>
      attempt(turns, turnOptions, {
        job,
        cancelSignal: cancel.signal,
        leaveSignals: [closing.signal, signal],
        goOn: (turnId) => {
          if (resumeMs > 0) goOn({ conversationId: job.conversationId, turnId })
        },
      }),
  })

  const add = (
    job: TurnJob,
    { mayRepeat, signal }: Pick<Waiting<Report>, 'mayRepeat' | 'signal'>,
  ): Promise<TurnResult<Report> | null> =>
    new Promise((resolve, reject) => {
      if (closing.signal.aborted || signal?.aborted === true) {
        return mayRepeat ? resolve(null) : reject(notRun(job.turnId, 'handed_off'))
      }
      if (runner.waiting >= maxWaiting) {
        throw new RangeError(
          `${maxWaiting} turns wait already (\`maxWaiting\`); turn ${job.turnId} was not taken.`,
        )
      }
      const unlisten = onAbort(signal, () => runner.leaveWaiting((each) => each.signal === signal))
      const settled = <Value>(settle: (value: Value) => void) => {
        return (value: Value): void => {
          unlisten()
          settle(value)
        }
      }
      runner.add({
        key: String(job.conversationId),
        job,
        since: clock.now(),
        mayRepeat,
        signal,
        cancel: new AbortController(),
        tries: 0,
        resolve: settled(resolve),
        reject: settled(reject),
      })
    })

  const isKnown = (turnId: TurnJob['turnId']): boolean =>
    runner.known().some(({ job }) => String(job.turnId) === String(turnId))

  const goOn = ({ turnId, conversationId }: LeftTurn): void => {
    if (isKnown(turnId)) return
    // What becomes of it is in its row.
    add({ turnId, conversationId }, { mayRepeat: false, signal: undefined }).catch(
      (error: unknown) => {
        if (!TurnError.is(error)) report(error)
      },
    )
  }

  const looking = lookForLeft(
    { store: options.store, clock, resumeMs, limit: Math.max(concurrency, mostLooked) },
    {
      found: goOn,
      pending: async (found) => onPending?.(found),
      failed: report,
    },
  )

  const close = async (): Promise<void> => {
    closing.abort(new Error('the worker is closing'))
    runner.leaveWaiting(() => true)
    const expired = (): Error =>
      new Error(`${runner.running} turns did not end within ${handOverMs} ms (\`handOverMs\`).`)
    await withinMs(clock, { ms: handOverMs, expired }, async () => {
      await Promise.all([looking.close(), runner.ended()])
    }).catch(report)
  }

  return {
    async run(job, { signal } = {}) {
      const result = await add(job, { mayRepeat: false, signal })
      return result ?? skipped(job.turnId, 'handed_off')
    },
    enqueue: (job) => add(job, { mayRepeat: true, signal: undefined }),
    async cancel({ turnId, reason = null }) {
      const isCancelled = await options.store.cancel({ turnId, reason })
      for (const { job, cancel } of runner.known()) {
        if (String(job.turnId) === String(turnId)) cancel.abort(new Error('cancelled by the user'))
      }
      return isCancelled
    },
    health: () => ({
      running: runner.running,
      waiting: runner.waiting,
      oldestWaitingMs: runner.oldestWaitingMs,
      lagMs: runner.lagMs,
      isClosing: closing.signal.aborted,
    }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** So many of each kind are looked at together: a few that stay put must not hide the others. */
const mostLooked = 100

type Limits = Required<
  Pick<TurnWorkerOptions, 'concurrency' | 'maxWaiting' | 'handOverMs' | 'resumeMs'>
>

function limitsOf<Report>({
  concurrency = 10,
  maxWaiting = 10_000,
  handOverMs = 10_000,
  resumeMs = 30_000,
}: TurnWorkerOptions<Report>): Limits {
  const limits = { concurrency, maxWaiting, handOverMs }
  for (const [name, value] of Object.entries(limits)) {
    if (!(value >= 1)) throw new RangeError(`\`${name}\` must be a number, 1 or more`)
  }
  if (!(resumeMs >= 0))
    throw new RangeError('`resumeMs` must be a number of milliseconds, 0 or more')
  return { ...limits, resumeMs }
}
