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

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

export function round(value: number, digits = 3): number {
  return Number(value.toFixed(digits))
}
