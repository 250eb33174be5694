/** Calls that run beside each other, a bounded number of them. */
export interface Crew {
  /** Waits until one more may run, and starts it; rejects with what an earlier one failed with. */
  readonly start: (call: () => Promise<void>) => Promise<void>
  /** Waits until none runs; rejects with what the first one failed with. */
  readonly end: () => Promise<void>
}

export function createCrew(most: number): Crew {
  const running = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | null = null

  function throwFailure(): void {
    if (failure !== null) throw failure.error
  }

  return {
    start: async (call) => {
      while (running.size >= most) await Promise.race(running)
      throwFailure()
      const run: Promise<void> = call()
        .catch((error: unknown) => void (failure ??= { error }))
        .finally(() => running.delete(run))
      running.add(run)
    },
    end: async () => {
      await Promise.all(running)
      throwFailure()
    },
  }
}
