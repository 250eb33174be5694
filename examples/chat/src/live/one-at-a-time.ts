/** Asked again while it works, it works once more afterwards. */
export function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let working: Promise<void> | null = null
  let next: Promise<void> | null = null
  const run = (): Promise<void> => {
    working = work().finally(() => (working = null))
    return working
  }
  return () => {
    // It is about to begin, though nothing works at this moment.
    if (next !== null) return next
    if (working === null) return run()
    next = working
      .catch(() => undefined)
      .then(() => {
        next = null
        return run()
      })
    return next
  }
}
