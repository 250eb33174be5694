import type { SteadyClock } from '../clock.js'
import { onAbort } from './listen.js'

/** Wakes one waiter: by a call, by the time, or by an abort. A wake while no one waits is kept. */
export interface Wakeup {
  wake(): void
  /** Resolves when woken or after `ms`; rejects with the signal's reason. */
  wait(ms: number, signal?: AbortSignal): Promise<void>
}

/** One for each running turn: events wake it, so that nothing polls its own flags. */
export function createWakeup(clock: SteadyClock): Wakeup {
  let isWoken = false
  let wakeWaiter: (() => void) | null = null

  return {
    wake() {
      isWoken = true
      wakeWaiter?.()
    },
    async wait(ms, signal) {
      signal?.throwIfAborted()
      if (!isWoken && ms > 0) await untilWoken(ms, signal)
      isWoken = false
      signal?.throwIfAborted()
    },
  }

  async function untilWoken(ms: number, signal: AbortSignal | undefined): Promise<void> {
    let unlisten = (): void => undefined
    let cancel = (): void => undefined
    await new Promise<void>((resolve) => {
      wakeWaiter = resolve
      unlisten = onAbort(signal, resolve)
      cancel = clock.later(ms, resolve)
    })
    wakeWaiter = null
    unlisten()
    cancel()
  }
}
