import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { compiled } from '@turnstead-internal/compiled'

import type { CrashTask, Ends } from './worker.js'

const worker = new URL('worker.ts', import.meta.url)

/** Runs a worker to its end. */
export async function runChild(task: CrashTask): Promise<{ readonly stdout: string }> {
  return promisify(execFile)(process.execPath, [await compiled(worker), JSON.stringify(task)])
}

/** Runs every scenario in one worker, ended at each step in turn; begins at once, and gives what became of one. */
export function runAll(task: Omit<CrashTask, 'scenario'>): (name: string) => Promise<Ends> {
  const running = runChild({ scenario: null, ...task })
  // A test asks later.
  running.catch(() => {})
  return async (name) => {
    const { stdout } = await running
    const outcome = (JSON.parse(stdout) as Record<string, Ends | string>)[name]
    if (typeof outcome === 'object') return outcome
    throw new Error(outcome ?? `There is no scenario ${name}.`)
  }
}
