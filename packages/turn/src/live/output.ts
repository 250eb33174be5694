import type { Reply } from '@turnstead/reply'
import { withinMs } from '../run/deadline.js'
import type { TurnRun } from '../run/run.js'
import { createLivePublisher } from './publish.js'
import { showRunning } from './running-here.js'

/** Shows a running turn to all who follow it, in this process and in others. */
export interface LiveOutput {
  /** Shows this reply from now on. */
  follow(reply: Reply): void
  /** Shows the last of it; may be called again. Bounded, and never fails. */
  close(): Promise<void>
}

const closeMs = 1_000

export function openLiveOutput({ askGate, lease, setup }: TurnRun): LiveOutput {
  const { clock, notifier, store, turnId } = setup
  const { fence } = lease.lease
  const mayShow = (reply: Reply): boolean => askGate.isOpen(reply)
  const report = (error: unknown): void => setup.report(error, 'live')
  const publisher =
    notifier === null
      ? null
      : createLivePublisher({ notifier, turnId, fence, clock, mayShow, report })
  let hide = (): void => undefined
  let closing: Promise<void> | null = null

  const close = async (): Promise<void> => {
    hide()
    if (publisher === null) return
    const expired = (): Error =>
      new Error(`The notifier did not take the end of turn ${turnId} within ${closeMs} ms.`)
    await withinMs(clock, { ms: closeMs, expired }, () => publisher.close()).catch(report)
  }
  return {
    follow(reply) {
      hide = showRunning(store, turnId, { reply, fence })
      publisher?.follow(reply)
    },
    close: () => (closing ??= close()),
  }
}
