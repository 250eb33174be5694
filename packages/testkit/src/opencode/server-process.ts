import { spawn, type ChildProcess } from 'node:child_process'
import { TestkitError } from '../errors.js'
import { realTime } from '../real-time.js'

/** A running `opencode serve`. */
export interface ServerProcess {
  readonly pid: number
  readonly port: number
  /** Resolves when the process has ended. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  /** Sends a signal to the whole process group; does nothing when it has ended. */
  kill(signal: NodeJS.Signals): void
}

/** How to start one. */
export interface SpawnOptions {
  readonly binary: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly port: number
  readonly readyTimeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Gets every line that the server prints. */
  readonly onOutput: (text: string) => void
}

const groups = new Set<number>()
let isCleaningUp = false

/** Children are killed with this process even when a test forgets to close them. */
function killGroupsOnExit(): void {
  if (isCleaningUp) return
  isCleaningUp = true
  process.on('exit', () => {
    for (const pid of groups) signalGroup(pid, 'SIGKILL')
  })
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // The group has ended already.
  }
}

/**
 * Starts the server and waits for its line "opencode server listening on …". Connections that are made before that line
 * are accepted and never answered, so nothing else tells readiness.
 */
export async function spawnServer(options: SpawnOptions): Promise<ServerProcess> {
  options.signal?.throwIfAborted()
  killGroupsOnExit()
  const child = spawn(
    options.binary,
    ['serve', '--port', String(options.port), '--hostname', '127.0.0.1'],
    { cwd: options.cwd, env: options.env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const pid = child.pid
  if (pid !== undefined) groups.add(pid)
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      if (pid !== undefined) groups.delete(pid)
      resolve({ code, signal })
    })
  })
  const kill = (signal: NodeJS.Signals): void => {
    if (pid !== undefined && child.exitCode === null && child.signalCode === null) {
      signalGroup(pid, signal)
    }
  }
  try {
    const port = await readiness(child, options)
    if (pid === undefined)
      throw new TestkitError('start_failed', 'opencode serve has no process id')
    return { pid, port, exited, kill }
  } catch (error) {
    kill('SIGKILL')
    // Its folders can only be removed when it does not write into them any more.
    if (pid !== undefined) await exited
    throw error
  }
}

function readiness(child: ChildProcess, options: SpawnOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    let seen = ''
    const stop = (): void => {
      realTime.clearTimeout(timer)
      options.signal?.removeEventListener('abort', onAbort)
    }
    const fail = (why: string, cause?: unknown): void => {
      stop()
      reject(
        new TestkitError('start_failed', `opencode serve ${why}; see logTail() or its output`, {
          cause: cause ?? seen.slice(-2_000),
        }),
      )
    }
    const onAbort = (): void => {
      stop()
      reject(options.signal?.reason)
    }
    const onText = (text: string): void => {
      options.onOutput(text)
      seen = (seen + text).slice(-8_000)
      const port = /opencode server listening on http:\/\/[^\s:]+:(\d+)/u.exec(seen)?.[1]
      if (port === undefined) return
      stop()
      resolve(Number(port))
    }
    const timer = realTime.setTimeout(
      () => fail(`printed no readiness line within ${options.readyTimeoutMs} ms`),
      options.readyTimeoutMs,
    )
    options.signal?.addEventListener('abort', onAbort, { once: true })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8')
      stream?.on('data', onText)
    }
    child.once('error', (error) => fail('could not be started', error))
    child.once('exit', (code, signal) => fail(`ended with ${code ?? signal} before it was ready`))
  })
}
