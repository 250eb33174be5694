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

/** The time that every process of the machine shares, in milliseconds. */
export function machineMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function quantile(values: readonly number[], share: number): number {
  const at = Math.min(values.length - 1, Math.floor(values.length * share))
  return values.toSorted((a, b) => a - b)[at] ?? Number.NaN
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits))
}
