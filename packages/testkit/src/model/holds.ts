import type { Gate, Gates } from '../gates.js'

/** Stops that hold up every request until they are opened; a newer one takes the place of the older. */
export interface Holds {
  /** Begins one. */
  readonly hold: () => Gate
  /** Waits for the one that is on, if any. */
  pass(signal: AbortSignal): Promise<void>
}

export function createHolds(gates: Gates): Holds {
  let held: string | null = null
  let count = 0
  return {
    hold() {
      count += 1
      const name = `hold ${count}`
      held = name
      const gate = gates.gate(name)
      return {
        get arrivals() {
          return gate.arrivals
        },
        reached: (wait) => gate.reached(wait),
        open() {
          if (held === name) held = null
          gate.open()
        },
      }
    },
    async pass(signal) {
      if (held !== null) await gates.pass(held, signal)
    },
  }
}
