import type { SteadyClock } from '../clock.js'
import type { Notifier, RowId, TurnNotice } from '../ports.js'
import { inBackground } from '../run/deadline.js'
import { createFrameReader } from './frames.js'
import { type LiveMessage, type Position, readMessage, writeWatch } from './messages.js'
import { liveTopic, noticeTopic, watchEveryMs, watchTopic } from './topics.js'

/** What comes over a notifier about one turn. */
export interface LiveListener {
  /** Up to where the reply is known here. */
  readonly position: Position | null
  /** What its worker shows; the answer says whether something is missing here. */
  hear(message: LiveMessage): 'ask-state' | null
  /** Something happened to its row; null when no one knows what. */
  onNotice(type: TurnNotice['type'] | null): void
}

/** Between two times that the state is asked for. */
const askAgainMs = 250

/** Listens to a turn's worker and rows, and tells the worker that someone does. The result stops it. */
export function listenLive(
  {
    notifier,
    turnId,
    clock,
    onError,
  }: {
    readonly notifier: Notifier
    readonly turnId: RowId
    readonly clock: SteadyClock
    readonly onError: (error: unknown) => void
  },
  listener: LiveListener,
): () => void {
  const readFrame = createFrameReader()
  let askedAt = -Infinity
  let asking: Promise<void> | null = null

  const ask = async (at: Position | null): Promise<void> => {
    askedAt = clock.now()
    await notifier.notify(watchTopic(turnId), writeWatch(at))
  }
  /** Also when it was just asked: the answer to that may be what is missing. */
  const askState = (closing: AbortSignal): void => {
    asking ??= (async () => {
      const restMs = askedAt + askAgainMs - clock.now()
      if (restMs > 0) await clock.sleep(restMs, { signal: closing })
      await ask(null)
    })()
      .catch((error: unknown) => {
        if (!closing.aborted) onError(error)
      })
      .finally(() => (asking = null))
  }

  // What throws at once fails as what rejects later does.
  const listen: Notifier['listen'] = async (...args) => await notifier.listen(...args)

  const listening = inBackground(async (closing) => {
    const onFrame = (frame: string | null): void => {
      if (closing.aborted) return
      const text = frame === null ? null : readFrame(frame)
      if (frame === null) askState(closing)
      const message = text === null ? null : readMessage(text)
      if (message !== null && listener.hear(message) === 'ask-state') askState(closing)
    }
    const onNotice = (notice: string | null): void => {
      if (closing.aborted) return
      listener.onNotice(notice === null ? null : typeOf(notice))
      if (notice === null) askState(closing)
    }
    const unlistens = await Promise.allSettled([
      listen(noticeTopic(turnId), onNotice),
      listen(liveTopic(turnId), onFrame),
    ])
    try {
      for (const each of unlistens) if (each.status === 'rejected') onError(each.reason)
      // What was said before this process listened.
      if (!closing.aborted) listener.onNotice(null)
      for (;;) {
        await ask(listener.position).catch(onError)
        await clock.sleep(watchEveryMs, { signal: closing })
      }
    } catch (error) {
      if (!closing.aborted) onError(error)
    } finally {
      const stops = unlistens.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      await Promise.all(stops.map(async (stop) => stop())).catch(onError)
    }
  })
  return () => void listening.close()
}

const types: ReadonlySet<unknown> = new Set(['cancelled', 'answered', 'changed', 'settled'])

/** Null for what another version, or someone else, said. */
function typeOf(notice: string): TurnNotice['type'] | null {
  try {
    const { type } = JSON.parse(notice) as { readonly type?: unknown }
    return types.has(type) ? (type as TurnNotice['type']) : null
  } catch {
    return null
  }
}
