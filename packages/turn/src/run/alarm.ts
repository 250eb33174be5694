import type { Clock } from '../clock.js'

/** Wakes one waiter: by a ring, by the time, or by an abort. A ring while nobody waits is kept. */
export interface Alarm {
  ring(): void
  /** Resolves on a ring or after `ms`; rejects with the signal's reason. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

/** One alarm per running turn: events ring it, so that nothing polls its own flags. */
export function createAlarm(clock: Clock): Alarm {
  let isRung = false
  let wake: (() => void) | null = null

  return {
    ring() {
      isRung = true
      wake?.()
    },
    async wait(ms, signal) {
      signal.throwIfAborted()
      if (!isRung && ms > 0) await waitForBell(ms, signal)
      isRung = false
      signal.throwIfAborted()
    },
  }

  async function waitForBell(ms: number, signal: AbortSignal): Promise<void> {
    const timer = new AbortController()
    const bell = new Promise<void>((resolve) => {
      wake = resolve
      signal.addEventListener('abort', () => resolve(), { once: true, signal: timer.signal })
    })
    const sleep = clock.sleep(ms, { signal: timer.signal }).catch(() => undefined)
    await Promise.race([bell, sleep])
    wake = null
    timer.abort()
  }
}
