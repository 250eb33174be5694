import type { Reply } from '@turnstead/reply'
import type { TurnSetup } from '../options.js'
import { inBackground, type Background } from './deadline.js'
import type { UsageMeter } from './usage.js'

/** Tells the host now and then that the agent shows life. */
export interface ActivityReport {
  /** The agent's life shows in this reply from now on. */
  follow(reply: Reply): void
  close(): Promise<void>
}

/**
 * Every change of the reply is a sign of life, and so is a tool that runs, even if it says nothing for long; an agent that waits for a
 * person shows none.
 */
export function createActivityReport(
  { clock, onActivity, report, timing: { activityMs }, ...setup }: TurnSetup,
  usage: Pick<UsageMeter, 'read'>,
): ActivityReport {
  if (onActivity === undefined) return { follow: () => undefined, close: async () => undefined }
  const { conversationId, turnId } = setup
  const failed = (error: unknown): void => report(error, 'callback')
  let toldAt = -Infinity
  let sessionId = ''
  let loop: Background | null = null
  let leave = (): void => undefined

  const seen = (): void => {
    const now = clock.now()
    if (now < toldAt + activityMs) return
    toldAt = now
    try {
      Promise.resolve(onActivity({ conversationId, turnId, sessionId })).catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  const watchTools = async (closing: AbortSignal): Promise<void> => {
    while (!closing.aborted) {
      const restMs = toldAt + activityMs - clock.now()
      const ms = restMs > 0 ? restMs : activityMs
      await clock.sleep(ms, { signal: closing }).catch(() => undefined)
      const { blockedSince, toolsSince } = usage.read()
      if (!closing.aborted && toolsSince !== null && blockedSince === null) seen()
    }
  }

  return {
    follow(reply) {
      leave()
      sessionId = reply.sessionId
      leave = reply.observe({ changed: seen })
      loop ??= inBackground(watchTools)
    },
    async close() {
      leave()
      await loop?.close()
    },
  }
}
