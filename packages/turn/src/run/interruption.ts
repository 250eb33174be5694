import type { Exceeded } from '../budgets.js'

/** Why a turn is stopped early from outside its own logic. */
export type Interruption =
  /** The user cancelled it. */
  | { readonly kind: 'cancelled' }
  /** This process gives it up; the next worker goes on. */
  | { readonly kind: 'handed_off' }
  /** Another worker holds the conversation. */
  | { readonly kind: 'lease_lost' }
  /** The row was settled, and not by this run. */
  | { readonly kind: 'settled' }
  /** The store stayed away: whether the lease is still held is unknown. */
  | { readonly kind: 'store_away'; readonly error: unknown }
  | { readonly kind: 'budget'; readonly exceeded: Exceeded }

/** The abort reason that carries an {@link Interruption} through every wait of a turn. */
export class Interrupted extends Error {
  override readonly name: string = 'Interrupted'
  readonly interruption: Interruption

  constructor(interruption: Interruption) {
    super(`The turn was interrupted: ${interruption.kind}.`)
    this.interruption = interruption
  }
}

/** Stops a turn early, once; what came first decides, but for what outranks it. */
export interface Interrupter {
  /** Aborts with an {@link Interrupted}; every wait of the turn takes it. */
  readonly signal: AbortSignal
  /** What the turn is stopped for; null while it runs. */
  readonly current: Interruption | null
  interrupt(interruption: Interruption): void
}

/** A user's cancel ends a turn that was only being handed over, and no one may write a row that is another worker's. */
const ranks: Readonly<Record<Interruption['kind'], number>> = {
  handed_off: 0,
  budget: 1,
  store_away: 1,
  cancelled: 2,
  settled: 3,
  lease_lost: 4,
}

export function createInterrupter(): Interrupter {
  const controller = new AbortController()
  let current: Interruption | null = null
  return {
    signal: controller.signal,
    get current() {
      return current
    },
    interrupt(interruption) {
      if (current !== null && ranks[interruption.kind] <= ranks[current.kind]) return
      current = interruption
      controller.abort(new Interrupted(interruption))
    },
  }
}
