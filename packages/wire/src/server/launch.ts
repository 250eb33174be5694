import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process'
import { availableParallelism, loadavg } from 'node:os'
import type { Readable } from 'node:stream'
import type { Clock } from '../clock.js'
import { errorCode } from '../values/error-code.js'
import type { WireError } from '../errors.js'
import {
  controlChild,
  spawnError,
  type ChildControl,
  type ServerExit,
} from './process/child-control.js'
import type { LogTail } from './process/log-tail.js'
import { markerName } from './process/process-tree.js'
import { startFailed } from './start-failed.js'

/** One life of `opencode serve`. */
export interface ServerProcess extends ChildControl {
  /** The port it listens on. */
  readonly port: number
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
  /** Called with the process id at once, before anything can go wrong. */
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

  const control = controlChild(child, pid, spec.mark)
  const exited = drained(child, control.exited)
  const stop: ServerProcess['stop'] = async (how) => {
    await control.stop(how)
    await exited
  }
  try {
    spec.onSpawn(pid)
    const port = await printedPort(stdout, exited, spec, options)
    return { pid, port, exited, stop }
  } catch (error) {
    await stop({ graceMs: 0 })
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

const drainMs = 250

/** Waits for the last output; a process that escaped may hold the pipes open forever. */
function drained(child: ChildProcess, exited: Promise<ServerExit>): Promise<ServerExit> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined
    let isClosed = false
    const finish = (): void => {
      isClosed = true
      clearTimeout(timer)
      child.stdout?.destroy()
      child.stderr?.destroy()
      void exited.then(resolve)
    }
    child.once('close', finish)
    void exited.then(() => {
      if (!isClosed) timer = setTimeout(finish, drainMs)
    })
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

/** All that the server prints when it cannot listen. */
export function saysPortTaken(log: string): boolean {
  return log.includes('ServeError')
}

function notRunnable(spec: LaunchSpec, cause: unknown): WireError {
  const code = errorCode(cause)
  const why = code === null ? '' : ` (${code})`
  return startFailed(`${spec.binary} could not be run in ${spec.cwd}${why}.`, cause)
}

function exitedEarly(exit: ServerExit, spec: LaunchSpec): WireError {
  const how = exit.signal === null ? `with status ${exit.code}` : `by ${exit.signal}`
  const portHint = saysPortTaken(spec.log.text()) ? ' The port may be in use.' : ''
  return startFailed(`it ended ${how} before it was ready.${portHint} ${spec.log.summary()}`)
}

function notReady(spec: LaunchSpec): WireError {
  const load = `the load of this machine is ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`
  return startFailed(
    `it was not ready within ${spec.readyTimeoutMs} ms (\`readyTimeoutMs\`); ${load}. ${spec.log.summary()}`,
  )
}
