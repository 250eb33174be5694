import type { Clock } from '../../src/index.js'

/**
 * Looks for a call follow each other at once, so that one for which there is no part is not waited for.
 *
 * @param options.atOnce - So many requests have to be there before the first one looks again.
 */
export function hurriedClock({ atOnce = 1 }: { readonly atOnce?: number } = {}): Clock {
  let skipped = 0
  let looking = 0
  let meet: () => void = () => undefined
  const met = new Promise<void>((resolve) => (meet = resolve))
  return {
    now: () => Date.now() + skipped,
    monotonic: () => performance.now() + skipped,
    async sleep(ms: number, { signal }: { readonly signal?: AbortSignal } = {}) {
      signal?.throwIfAborted()
      if (ms === 25) {
        looking += 1
        if (looking >= atOnce) meet()
        await met
        skipped += 1_000
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(ms, 5)))
    },
  }
}
