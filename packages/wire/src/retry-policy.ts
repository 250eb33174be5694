import type { WireError } from './errors.js'

/** When a broken event stream is opened again. */
export interface ReconnectPolicy {
  /** Upper bound of the first wait, in milliseconds; it doubles with each failure. Default: 250. */
  readonly firstDelayMs: number
  /** Upper bound of every wait, in milliseconds. Default: 30 000. */
  readonly maxDelayMs: number
  /** How long a connection must have worked for the waits to start over, in milliseconds. Default: 10 000. */
  readonly stableAfterMs: number
  /** How long the stream may be down before its subscriptions end with the error, in milliseconds. Default: 600 000. */
  readonly giveUpAfterMs: number
}

/** The state of a broken stream. */
export interface Outage {
  /** Failures in a row, this one included; at least 1. */
  readonly failures: number
  /** How long the stream has been down, in milliseconds. */
  readonly downForMs: number
  /** What broke it. */
  readonly error: WireError
}

/**
 * How long to wait before the stream is opened again, or `null` to stop. Full jitter: any wait
 * between nothing and the bound, so that a fleet of workers does not return at the same moment.
 */
export function nextDelayMs(
  policy: ReconnectPolicy,
  outage: Outage,
  random: () => number,
): number | null {
  if (!mayRecover(outage.error) || outage.downForMs >= policy.giveUpAfterMs) return null
  return jitteredDelayMs(policy, outage.failures, random)
}

/** Waits between tries: random, below a bound that doubles with each failure. */
export interface Backoff {
  /** Upper bound of the first wait, in milliseconds. */
  readonly firstDelayMs: number
  /** Upper bound of every wait, in milliseconds. */
  readonly maxDelayMs: number
}

/** A wait between 0 and `firstDelayMs × 2^(failures - 1)`, bounded by `maxDelayMs`. */
export function jitteredDelayMs(policy: Backoff, failures: number, random: () => number): number {
  return random() * Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (failures - 1))
}

/** The server's own refusals (401, 403, 404, wrong content) stay refusals; trouble of the network or the server passes. */
function mayRecover(error: WireError): boolean {
  switch (error.code) {
    case 'connection':
    case 'timeout':
    case 'server_error':
    case 'foreign_response':
    case 'rate_limited':
    case 'frame_too_large':
      return true
    default:
      return false
  }
}
