import type { Clock } from '../clock.js'

/** What a promise resolves to, unless that takes longer than it may. */
export async function within<Result>(
  clock: Clock,
  { ms, expired }: { readonly ms: number; readonly expired: string },
  work: Promise<Result>,
): Promise<Result> {
  const done = new AbortController()
  const late = clock.sleep(ms, { signal: done.signal }).then(() => {
    throw new Error(expired)
  })
  // The loser of the race has no one who hears of it.
  late.catch(() => undefined)
  work.catch(() => undefined)
  try {
    return await Promise.race([work, late])
  } finally {
    done.abort()
  }
}
