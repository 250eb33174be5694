import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Clock } from '../clock.js'
import type { WireError } from '../errors.js'
import { onProcessExit } from './exit-hook.js'
import type { LogTail } from './log-tail.js'
import { killTree, markerName, signalTree } from './process-tree.js'
import { startFailed } from './start-failed.js'

/** How a server process ended. */
export interface ServerExit {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null
  /** The signal that ended it; null when it exited by itself. */
  readonly signal: NodeJS.Signals | null
  /** True when this package stopped it on purpose. */
  readonly expected: boolean
}

/** One life of `opencode serve`. */
export interface ServerProcess {
  readonly pid: number
  /** The port it listens on. */
  readonly port: number
  /** Settles when the process is gone and what it started has been stopped; never rejects. */
  readonly exited: Promise<ServerExit>
  /** SIGTERM, then SIGKILL after the grace; no grace for a process that is frozen. */
  readonly stop: (options: { graceMs: number }) => Promise<void>
  /** SIGKILL for it and all it started, without waiting. */
  readonly killNow: () => void
}

/** What to start. */
export interface LaunchSpec {
  readonly binary: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly mark: string
  readonly log: LogTail
  readonly readyTimeoutMs: number
  /** Told the process id at once, before anything can go wrong. */
  readonly onSpawn: (pid: number) => void
}

/**
 * Starts the server and waits for its printed line. Nothing may be sent earlier: a request
 * accepted between its `listen()` and that line is never answered.
 *
 * @throws WireError with code `server_start_failed`; nothing is left running then.
 */
export async function launch(
  spec: LaunchSpec,
  options: { clock: Clock; signal: AbortSignal },
): Promise<ServerProcess> {
  options.signal.throwIfAborted()
  const child = spawnServer(spec)
  const { pid, stdout, stderr } = child
  if (pid === undefined) throw notRunnable(spec, await spawnError(child))
  spec.log.follow(stderr)
  spec.log.follow(stdout)

  const control = controlOf(child, pid, spec.mark)
  try {
    spec.onSpawn(pid)
    const port = await printedPort(stdout, control.exited, spec, options)
    return { pid, port, ...control }
  } catch (error) {
    await control.stop({ graceMs: 0 })
    throw error
  }
}

function spawnServer(spec: LaunchSpec): ChildProcessByStdio<null, Readable, Readable> {
  try {
    return spawn(spec.binary, spec.args, {
      cwd: spec.cwd,
      env: { ...spec.env, [markerName]: spec.mark },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
  } catch (error) {
    throw notRunnable(spec, error)
  }
}

function controlOf(
  child: ChildProcess,
  pid: number,
  mark: string,
): Pick<ServerProcess, 'exited' | 'stop' | 'killNow'> {
  let isStopping = false
  let isGone = false
  const unhook = onProcessExit(() => killNow())
  const exited = new Promise<ServerExit>((resolve) => {
    child.once('exit', (code, signal) => {
      isGone = true
      unhook()
      const expected = isStopping
      killTree(pid, mark)
      void closed(child).then(() => resolve({ code, signal, expected }))
    })
  })
  const killNow = (): void => {
    isStopping = true
    if (!isGone) killTree(pid, mark)
  }
  const stop = async ({ graceMs }: { graceMs: number }): Promise<void> => {
    isStopping = true
    if (isGone) return void (await exited)
    if (graceMs > 0) signalTree(pid, mark, 'SIGTERM')
    // A real timer: that nothing stays behind must not depend on an injected clock being advanced.
    const timer = setTimeout(killNow, graceMs)
    await exited
    clearTimeout(timer)
  }
  return { exited, stop, killNow }
}

const drainMs = 250

/** Waits for the last output; a process that escaped may hold the pipes open for ever. */
function closed(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(finish, drainMs)
    child.once('close', finish)
    function finish(): void {
      clearTimeout(timer)
      child.stdout?.destroy()
      child.stderr?.destroy()
      resolve()
    }
  })
}

async function printedPort(
  stdout: Readable,
  exited: Promise<ServerExit>,
  spec: LaunchSpec,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<number> {
  const stop = new AbortController()
  const abort = (): void => stop.abort(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([
      readPort(stdout, stop.signal),
      exited.then((exit) => Promise.reject(exitedEarly(exit, spec))),
      clock
        .sleep(spec.readyTimeoutMs, { signal: stop.signal })
        .then(() => Promise.reject(notReady(spec))),
    ])
  } finally {
    signal.removeEventListener('abort', abort)
    stop.abort()
  }
}

const maxLineLength = 4096
/** Only the port is taken: an IPv6 host is printed without its brackets and cannot be parsed as a URL. */
const readyLine = /^opencode server listening on \S+:(\d+)\/?\s*$/m

function readPort(stdout: Readable, signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    let text = ''
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1')
      const end = text.lastIndexOf('\n') + 1
      const port = readyLine.exec(text.slice(0, end))?.[1]
      text = text.slice(end).slice(-maxLineLength)
      if (port !== undefined) resolve(Number(port))
    }
    stdout.on('data', onData)
    signal.addEventListener('abort', () => stdout.off('data', onData), { once: true })
  })
}

function spawnError(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => {
    child.once('error', resolve)
  })
}

/** All that the server prints when it cannot listen. */
export function saysPortTaken(log: string): boolean {
  return log.includes('ServeError')
}

function notRunnable(spec: LaunchSpec, cause: unknown): WireError {
  const why = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return startFailed(`${spec.binary} could not be run in ${spec.cwd}${why}.`, cause)
}

function exitedEarly(exit: ServerExit, spec: LaunchSpec): WireError {
  const how = exit.signal === null ? `with status ${exit.code}` : `by ${exit.signal}`
  const portHint = saysPortTaken(spec.log.text()) ? ' The port may be in use.' : ''
  return startFailed(`it ended ${how} before it was ready.${portHint} ${spec.log.summary()}`)
}

function notReady(spec: LaunchSpec): WireError {
  return startFailed(`it was not ready within ${spec.readyTimeoutMs} ms. ${spec.log.summary()}`)
}
