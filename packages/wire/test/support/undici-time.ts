import { createRequire } from 'node:module'

const timers = createRequire(import.meta.url)('undici/lib/util/timers.js') as {
  /** undici's own way to be tested without waiting. */
  tick(ms: number): void
}

/** Lets `ms` pass for the budgets of undici, in every connection of this process that has one. */
export function passUndiciTime(ms: number): void {
  // A budget that was set just now begins with the next tick.
  timers.tick(0)
  timers.tick(ms + 1000)
}

/** Everything that is under way on loopback sockets arrives meanwhile. */
export async function quiesce(turns = 50): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((next) => setImmediate(next))
}
