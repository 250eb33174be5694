import { availableParallelism, loadavg } from 'node:os'

const most = 10

/**
 * How much longer than on a calm machine things may take on this one now: the load of the last minute for each core, from
 * 1 to 10. Multiply the limits of tests against a real server with it.
 */
export function machineFactor(): number {
  const [load = 0] = loadavg()
  return Math.min(most, Math.max(1, load / availableParallelism()))
}
