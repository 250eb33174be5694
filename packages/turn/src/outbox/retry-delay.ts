/** How often, and after which pauses, a delivery is tried. */
export interface DeliveryRetries {
  /** After so many tries an event is a dead letter. Default 12, about a day. */
  readonly maxAttempts: number
  /** After the first try, in milliseconds; doubled after each. Default 5,000. */
  readonly firstDelayMs: number
  /** Default 6 hours, in milliseconds. */
  readonly maxDelayMs: number
}

export const defaultRetries: DeliveryRetries = {
  maxAttempts: 12,
  firstDelayMs: 5_000,
  maxDelayMs: 6 * 60 * 60_000,
}

/** The pause after the try of this number, the first being 1; null when there is to be no other. Half of it is chance. */
export function retryDelay(
  attempt: number,
  { maxAttempts, firstDelayMs, maxDelayMs }: DeliveryRetries,
  random: () => number,
): number | null {
  if (attempt >= maxAttempts) return null
  const whole = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempt - 1, 40))
  return Math.round(whole / 2 + (random() * whole) / 2)
}
