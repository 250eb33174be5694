/** Wakes one waiter. A wake while no one waits is kept. */
export interface Wakeup {
  wake(): void
  wait(): Promise<void>
}

export function createWakeup(): Wakeup {
  let isWoken = false
  let wakeWaiter: (() => void) | null = null
  return {
    wake() {
      isWoken = true
      wakeWaiter?.()
    },
    async wait() {
      if (!isWoken) await new Promise<void>((resolve) => (wakeWaiter = resolve))
      wakeWaiter = null
      isWoken = false
    },
  }
}
