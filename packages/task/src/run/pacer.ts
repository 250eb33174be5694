/** How much may be sent before the end. */
export interface Pacer {
  /**
   * So many characters may be sent now, so long after the beginning, where the last output would have about `whole`. Below 0 when more was
   * sent already.
   */
  room(elapsedMs: number, whole: number): number
  /** So many characters were sent. */
  sent(size: number): void
}

/** So that a short run is lively, so many characters may be sent whatever there is: some at once, the others bit by bit. */
const allowed = { atOnce: 4_000, perSecond: 200, most: 10_000 } as const

/**
 * The AI SDK sends every output whole, and the last one twice: as a preliminary one and as the result. So what is sent before the end
 * may be this share of what there is by then, for all of it to stay below three times the last output.
 */
const shareOfWhole = 0.75

export function createPacer(): Pacer {
  let total = 0
  return {
    room(elapsedMs, whole) {
      const { atOnce, perSecond, most } = allowed
      const always = Math.min(most, atOnce + (perSecond * elapsedMs) / 1_000)
      return Math.max(always, whole * shareOfWhole) - total
    },
    sent(size) {
      total += size
    },
  }
}
