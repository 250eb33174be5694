import type { Exceeded } from '../budgets.js'

/** Why a turn is broken off from outside its own logic. */
export type Interruption =
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'handed_off' }
  | { readonly kind: 'lease_lost' }
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
