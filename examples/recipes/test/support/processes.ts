import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { compiled } from '@turnstead-internal/compiled'

/** A process that said on its first line of output that it is ready, and what else it had to say there. */
export interface Started {
  readonly said: string
  /** What it wrote to its error output. */
  errors(): string
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
  /** Ends it; as `ended`. */
  end(signal: NodeJS.Signals): Promise<number | string | null>
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a module of this folder, or a path from it, with an environment of its own. */
export async function start(
  module: string,
  env: Readonly<Record<string, string>>,
): Promise<Started> {
  const file = await compiled(new URL(module, import.meta.url))
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-8192)))
  const exited = once(child, 'exit').then(([code, signal]) => {
    running.delete(child)
    return (code ?? signal) as number | string | null
  })
  const lines = createInterface({ input: child.stdout })
  const said = await Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    exited.then((code) => {
      throw new Error(`${module} ended (${code}) before it was ready:\n${errors}`)
    }),
  ])
  child.stdout.resume()
  return {
    said,
    errors: () => errors,
    ended: exited,
    end: async (signal) => {
      child.kill(signal)
      return exited
    },
  }
}

/** Kills what a test left. */
export async function endAll(): Promise<void> {
  const exits = [...running].map((child) => once(child, 'exit'))
  for (const child of running) child.kill('SIGKILL')
  await Promise.all(exits)
}
