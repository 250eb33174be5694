import type { ChildProcess } from 'node:child_process'
import { longestTimerMs } from '../../clock.js'
import { onProcessExit } from './exit-hook.js'
import { killTree, signalTree } from './process-tree.js'

/** How a process ended. */
export interface ServerExit {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null
  /** The signal that ended it; null when it exited by itself. */
  readonly signal: NodeJS.Signals | null
  /** True when this package stopped it on purpose. */
  readonly expected: boolean
}

/** The way to end a child process for certain, with all that it started. */
export interface ChildControl {
  readonly pid: number
  /** Settles when the process is gone and what it started has been stopped; never rejects. */
  readonly exited: Promise<ServerExit>
  /** SIGTERM, then SIGKILL after the grace; no grace for a process that is frozen. */
  readonly stop: (options: { graceMs: number }) => Promise<void>
}

/** Takes charge of a child that leads its own process group and carries the mark in its environment. */
export function controlChild(child: ChildProcess, pid: number, mark: string): ChildControl {
  let isStopping = false
  let isGone = false
  const killNow = (): void => {
    isStopping = true
    if (!isGone) killTree(pid, mark)
  }
  const unhook = onProcessExit(killNow)
  const exited = new Promise<ServerExit>((resolve) => {
    child.once('exit', (code, signal) => {
      isGone = true
      unhook()
      killTree(pid, mark)
      resolve({ code, signal, expected: isStopping })
    })
  })
  const stop = async ({ graceMs }: { graceMs: number }): Promise<void> => {
    isStopping = true
    if (isGone) return
    if (graceMs > 0) signalTree(pid, mark, 'SIGTERM')
    // A real timer: that nothing is left must not depend on an injected clock being advanced.
    const timer = setTimeout(killNow, Math.min(graceMs, longestTimerMs))
    await exited
    clearTimeout(timer)
  }
  return { pid, exited, stop }
}

/** Why a child could not be started at all. */
export function spawnError(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => {
    child.once('error', resolve)
  })
}
