/** An application that runs. */
export interface Running {
  /** What to tell the person who started it. */
  readonly line: string
  close(): Promise<void>
}

/**
 * Runs an application until Ctrl-C, and leaves no process behind. This file imports nothing, and what starts the application should be
 * imported inside `start`: an old Node could not even read it, and is told so here.
 */
export async function runUntilStopped(
  start: (signal: AbortSignal) => Promise<Running>,
): Promise<void> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`This needs Node 20.19 or newer; this is ${process.version}.`)
    process.exit(1)
  }

  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort(new Error(`received ${signal}`)))
  }

  // npm's shell does not pass signals on: without it there is no one left who could press Ctrl-C.
  if (process.env['npm_lifecycle_event'] !== undefined) {
    const parent = process.ppid
    const look = (): void =>
      void (process.ppid !== parent && stop.abort(new Error('npm has ended')))
    setInterval(look, 500).unref()
  }

  try {
    const running = await start(stop.signal)
    console.log(running.line)
    await new Promise((resolve) => {
      if (stop.signal.aborted) resolve(null)
      else stop.signal.addEventListener('abort', resolve, { once: true })
    })
    // Nothing that hangs may keep the terminal; what is still running then is killed on exit.
    setTimeout(() => process.exit(1), 15_000).unref()
    await running.close()
  } catch (error) {
    if (!stop.signal.aborted) {
      const isExplained = error instanceof Error && error.name === 'StartError'
      console.error(isExplained ? error.message : error)
      process.exitCode = 1
    }
  }
}
