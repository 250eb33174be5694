import { startCommand, type RunningCommand } from './commands.js'

/** The host's worker process, started again as a supervisor does. */
export interface Worker {
  /** Kills it at once; resolves when the next one is started. */
  killAndRestart(): Promise<void>
  /** Kills it for good. */
  stop(): Promise<void>
  /** The end of what it has printed on standard error. */
  errors(): string
}

/** How often a worker that ends with an error is started again. */
const mostRestarts = 5

/** Starts it. One that ends by itself with 0 is not started again, one that fails is. */
export function startWorker(command: string, env: Readonly<Record<string, string>>): Worker {
  let isStopped = false
  let restarts = 0
  let errors = ''
  let current: RunningCommand = launch()
  let replacing: Promise<void> = Promise.resolve()

  function launch(): RunningCommand {
    const running = startCommand(command, env, { isLasting: true })
    void running.ended.then((ended) => {
      if (ended.errors !== '') errors = ended.errors
      if (isStopped || current !== running || ended.code === 0 || ended.code === null) return
      if (restarts >= mostRestarts) return
      restarts += 1
      current = launch()
    })
    return running
  }

  const replace = async (): Promise<void> => {
    await current.kill()
    if (!isStopped) current = launch()
  }
  return {
    async killAndRestart() {
      // The signal goes out before anything else happens, so that nothing can pass the point.
      replacing = replace()
      await replacing
    },
    async stop() {
      isStopped = true
      await replacing
      await current.kill()
    },
    errors: () => errors,
  }
}
