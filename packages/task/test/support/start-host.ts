import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { HostJob } from './host.js'

/** A host in a process of its own. */
export interface Host {
  /** The next line that it prints and that fits. Rejects when it ends first. */
  line(fits: (line: string) => boolean): Promise<string>
  /** Ends it by SIGKILL, and waits until it is gone. */
  kill(): Promise<void>
  readonly exited: Promise<unknown>
}

export function startHost(job: HostJob): Host {
  const file = fileURLToPath(new URL('host.ts', import.meta.url))
  const child: ChildProcess = spawn(
    process.execPath,
    ['--conditions=@turnstead/source', '--import=tsx', file, JSON.stringify(job)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exited = once(child, 'exit')
  const { stdout } = child
  if (stdout === null) throw new Error('the host has no output')
  const lines: string[] = []
  const waiting = new Set<() => void>()
  const look = (): void => {
    for (const each of waiting) each()
  }
  createInterface({ input: stdout }).on('line', (line) => {
    lines.push(line)
    look()
  })
  void exited.then(look)
  return {
    exited,
    line: (fits) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = lines.find(fits)
          if (found !== undefined) resolve(found)
          else if (child.exitCode !== null || child.signalCode !== null) {
            reject(new Error(`the host ended after ${JSON.stringify(lines)}`))
          } else return
          waiting.delete(check)
        }
        waiting.add(check)
        check()
      }),
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
