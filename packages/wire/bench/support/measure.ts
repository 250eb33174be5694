import { fork } from 'node:child_process'

/** Starts a script of this folder as a process of its own; it sends its port when it listens. */
export async function startProcess(
  name: string,
  args: readonly (string | number)[] = [],
): Promise<{ readonly url: string; readonly close: () => void }> {
  const child = fork(new URL(name, import.meta.url), args.map(String), {
    execArgv: ['--conditions=@turnstead/source', '--import=tsx'],
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(Number(message)))
    child.once('exit', () => reject(new Error(`${name} ended before it listened`)))
  })
  return { url: `http://127.0.0.1:${port}`, close: () => child.disconnect() }
}

/** CPU time of this process, all threads, in microseconds. */
export function cpuMicros(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Does its work once; resolves with what it took. */
export type Reader = () => Promise<number>

/**
 * The least that each reader took, turn about: what other work on the machine added is not theirs, and
 * a machine that becomes slower does so for all of them.
 */
export async function leastOf<const Readers extends readonly Reader[]>(
  turns: number,
  readers: Readers,
): Promise<{ -readonly [K in keyof Readers]: number }> {
  const least = readers.map(() => Infinity)
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [index, read] of readers.entries()) {
      least[index] = Math.min(least[index] ?? Infinity, await read())
    }
  }
  return least as { -readonly [K in keyof Readers]: number }
}

export function round(value: number, digits = 3): number {
  return Number(value.toFixed(digits))
}
