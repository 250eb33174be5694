/** Lets one reader sleep until somebody has something for it. A call that comes too early is not lost. */
export interface Wake {
  /** Wakes the reader, or keeps it from sleeping the next time. */
  readonly call: () => void
  /** Resolves at the next call. */
  readonly sleep: () => Promise<void>
}

export function createWake(): Wake {
  let isCalled = false
  let resume: (() => void) | null = null
  return {
    call() {
      isCalled = true
      resume?.()
    },
    async sleep() {
      if (!isCalled) {
        await new Promise<void>((resolve) => {
          resume = resolve
        })
      }
      resume = null
      isCalled = false
    },
  }
}
