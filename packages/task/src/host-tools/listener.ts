import type { Endpoint } from './endpoint.js'

/** An address of this machine that only its holder knows. */
export interface SecretAddress {
  readonly url: string
  close(): void
}

/** Where servers reach the host's tools. */
export interface Listener {
  /** Opens the address of the scope with this name. */
  open(name: string, endpoint: Endpoint): Promise<SecretAddress>
  /**
   * How much longer calls must wait that were made before this process was there, in milliseconds. Null where addresses end with their
   * process, and so do their calls.
   */
  settlesInMs(): number | null
}
