import type { Gate } from '../src/gates.js'

/** A server that plays one scenario. */
export interface Played {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly directory: string
  /** How long nothing must happen before the turn counts as over. */
  readonly quietMs: number
  gate(name: string): Gate
  kill(): Promise<void>
  restart(): Promise<void>
  end(): Promise<void>
}
