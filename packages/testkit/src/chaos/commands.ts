import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { markName, watchOrphan } from '../opencode/orphan-watch.js'
import { realTime } from '../real-time.js'

/** What a command that has ended has left. */
export interface Ended {
  /** Null when it was killed. */
  readonly code: number | null
  /** What it printed on standard output, without white space around it. */
  readonly output: string
  /** The end of what it printed on standard error. */
  readonly errors: string
}

/** A command that runs. */
export interface RunningCommand {
  readonly ended: Promise<Ended>
  /** Kills it and what it has started with SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
}

const mostOutput = 1_000_000
const mostErrors = 2_000

/** Starts a command in a shell, in a process group of its own. */
export function startCommand(
  command: string,
  env: Readonly<Record<string, string>>,
  { isLasting = false }: { readonly isLasting?: boolean } = {},
): RunningCommand {
  const mark = randomBytes(12).toString('hex')
  const child = spawn(command, {
    shell: true,
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env, [markName]: mark },
  })
  const ended = endOf(child)
  // It would outlive a Ctrl-C, as it has a process group of its own; short ones end by themselves.
  if (isLasting && child.pid !== undefined) {
    const watch = watchOrphan({ pid: child.pid, mark, temporary: null })
    void ended.then(() => watch.release())
  }
  return {
    ended,
    async kill() {
      killGroup(child)
      await ended
    },
  }
}

/** Runs a command to its end; after `timeoutMs` it is killed. */
export async function runCommand(
  command: string,
  env: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<Ended> {
  const running = startCommand(command, env)
  const timer = realTime.setTimeout(() => void running.kill(), timeoutMs)
  try {
    return await running.ended
  } finally {
    realTime.clearTimeout(timer)
  }
}

function endOf(child: ChildProcess): Promise<Ended> {
  let output = ''
  let errors = ''
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    output = (output + piece).slice(0, mostOutput)
  })
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    errors = (errors + piece).slice(-mostErrors)
  })
  return new Promise((resolve) => {
    const end = (code: number | null): void =>
      resolve({ code, output: output.trim(), errors: errors.trim() })
    child.once('close', end)
    child.once('error', (error) => {
      errors = error.message
      end(127)
    })
  })
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid === undefined) return
    if (process.platform === 'win32') child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}
