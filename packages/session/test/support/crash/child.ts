import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { build } from 'esbuild'

import type { CrashTask, Ends } from './worker.js'

const source = fileURLToPath(new URL('worker.ts', import.meta.url))
/** From here the packages are found that stay outside. */
const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url))

let bundled: Promise<string> | null = null

/** Gone with this process. Many workers are started: from one file each takes a third of the time that it does from the sources. */
async function bundle(): Promise<string> {
  const folder = await mkdtemp(join(modules, '.crash-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const outfile = join(folder, 'worker.mjs')
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['@turnstead/source'],
    // What they load by names that are made as they run.
    external: ['knex', 'libsql'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  })
  return outfile
}

/** Runs a worker to its end. */
export async function runChild(task: CrashTask): Promise<{ readonly stdout: string }> {
  bundled ??= bundle()
  return promisify(execFile)(process.execPath, [await bundled, JSON.stringify(task)])
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
