import { setTimeout as sleep } from 'node:timers/promises'
import { Logger, run, type Runner } from 'graphile-worker'

export interface JobRunnerOptions {
  readonly connectionString: string
  readonly schema: string
  readonly concurrency: number
  /** Runs the job; its promise settles when the job is over. */
  readonly run: (payload: unknown) => Promise<void>
  readonly onError: (error: unknown) => void
}

/** Takes jobs until it is stopped. */
export interface JobRunner {
  /** Takes no more, and resolves when those that run are over and said to be. */
  stop(): Promise<void>
}

const pauseMs = 1_000

/**
 * graphile-worker, and another one in its place when it gives up: it does so when the database was away at the moment in which a job ended,
 * and when any application of this database has changed tables of graphile-worker, be they its own. Where they are ours and too new, no
 * other one can begin, and that is reported. Without its batches the first would be an error that nothing handles, which ends the
 * process; as would a job that ends while it stops.
 */
export async function startJobRunner(options: JobRunnerOptions): Promise<JobRunner> {
  const { connectionString, schema, concurrency, run: work, onError } = options
  const stopping = new AbortController()
  /** All that still have a job, and the one that takes more. */
  const runners = new Set<Runner>()

  const begin = async (): Promise<void> => {
    const runner = await run({
      connectionString,
      schema,
      concurrency,
      maxPoolSize: concurrency + 2,
      noHandleSignals: true,
      logger: new Logger(() => () => undefined),
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
      taskList: { turn: work },
    })
    runners.add(runner)
    // Those that it runs go on; what it does not run any more, another one has to.
    let isReplaced = false
    const giveUp = (): void => {
      if (isReplaced || stopping.signal.aborted) return
      isReplaced = true
      // It wants to end the process as well, which goes on.
      process.exitCode = undefined
      void replace()
    }
    runner.events.once('pool:fatalError', ({ error }) => {
      onError(error)
      giveUp()
    })
    runner.events.once('pool:gracefulShutdown', giveUp)
    runner.promise.catch(onError).finally(() => runners.delete(runner))
    // Stopped while it began: nobody else would stop this one.
    if (stopping.signal.aborted) await runner.stop().catch(() => undefined)
  }

  const replace = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      try {
        return await begin()
      } catch (error) {
        onError(error)
      }
    }
  }

  await begin()
  return {
    async stop() {
      stopping.abort()
      await Promise.all(
        [...runners].map(async (runner) => {
          // One that has given up is stopping already.
          await runner.stop().catch(() => undefined)
          await runner.promise.catch(() => undefined)
        }),
      )
    },
  }
}
