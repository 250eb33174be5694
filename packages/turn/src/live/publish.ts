import type { Change, Reply } from '@turnstead/reply'
import { throttle, type ThrottledObserver } from '@turnstead/reply/changes'
import type { SteadyClock } from '../clock.js'
import type { Notifier, RowId } from '../ports.js'
import { defaultFrameBytes, toFrames } from './frames.js'
import { type Position, readWatch, writeMessage, writeState } from './messages.js'
import { liveTopic, watchedForMs, watchTopic } from './topics.js'

/** Shows a reply to other processes while it grows. Never waits for them, never fails the turn. */
export interface LivePublisher {
  /** Shows this reply from now on; a turn that began again has a second one. */
  follow(reply: Reply): void
  /** Sends what is left, and listens no more. */
  close(): Promise<void>
}

/** What a publisher needs. */
export interface PublisherOptions {
  readonly notifier: Notifier
  readonly turnId: RowId
  readonly fence: number
  readonly clock: SteadyClock
  /** Whether others may see the reply as it is now; asked again until it is so. */
  readonly mayShow: (reply: Reply) => boolean
  readonly report: (error: unknown) => void
}

/** Changes are gathered this long; a reader sees no steps at this pace. */
const gatherMs = 30
/** After this many changes that could not be sent, the state is shorter. */
const mostWaiting = 5_000
const restAfterFailureMs = 1_000
/** So long a message may take to all who watch. */
const onTheWayMs = 1_000

export function createLivePublisher(options: PublisherOptions): LivePublisher {
  const { notifier, turnId, fence, clock, mayShow, report } = options
  const maxBytes = notifier.maxPayloadBytes ?? defaultFrameBytes
  let reply: Reply | null = null
  let observing: { readonly observer: ThrottledObserver; readonly stop: () => void } | null = null
  let waiting: Change[] = []
  let toldRevision = 0
  let toldAt = -Infinity
  let watchedUntil = -Infinity
  let isStateAsked = false
  let sending: Promise<void> | null = null
  let isClosed = false

  const send = async (text: string): Promise<void> => {
    const topic = liveTopic(turnId)
    await Promise.all(toFrames(text, maxBytes).map((frame) => notifier.notify(topic, frame)))
  }

  /** What is to be sent next; null when there is nothing. */
  const next = (): string | null => {
    if (reply === null || observing === null) return null
    if (isStateAsked || waiting.length > mostWaiting) {
      observing.observer.flush()
      waiting = []
      isStateAsked = false
      toldRevision = reply.revision
      return writeState(fence, reply)
    }
    if (waiting.length === 0) return null
    const changes = waiting
    waiting = []
    const from = { fence, promptId: reply.promptId, revision: toldRevision }
    toldRevision = changes.reduce((latest, { revision }) => Math.max(latest, revision), 0)
    return writeMessage({ type: 'changes', from, to: toldRevision, changes })
  }

  const sendAll = async (): Promise<void> => {
    for (;;) {
      while (!isClosed && reply !== null && !mayShow(reply)) await clock.sleep(gatherMs)
      const text = next()
      if (text === null) return
      toldAt = clock.now()
      try {
        await send(text)
      } catch (error) {
        report(error)
        isStateAsked = true
        if (isClosed) return
        await clock.sleep(restAfterFailureMs)
      }
    }
  }

  const pump = (): void => {
    if (clock.now() > watchedUntil) return unobserve()
    sending ??= sendAll()
      .catch(report)
      .finally(() => (sending = null))
  }

  const observe = (): void => {
    if (reply === null || observing !== null || isClosed) return
    toldRevision = reply.revision
    const observer = throttle(
      {
        changed(change) {
          // Several are delivered in one go, and belong into one message.
          if (waiting.push(change) === 1) queueMicrotask(pump)
        },
      },
      { intervalMs: gatherMs, clock },
    )
    observing = { observer, stop: reply.observe(observer) }
  }

  const unobserve = (): void => {
    observing?.stop()
    observing?.observer.close()
    observing = null
    waiting = []
  }

  /** Whether who watches has all that was told, or what was told a moment ago may be on its way. */
  const isUpToDate = (at: Position | null): boolean => {
    if (at === null || observing === null || reply === null) return false
    if (at.fence !== fence || at.promptId !== reply.promptId) return false
    return at.revision >= toldRevision || clock.now() - toldAt < onTheWayMs
  }

  const hear = (payload: string | null): void => {
    watchedUntil = clock.now() + watchedForMs
    if (!isUpToDate(readWatch(payload).at)) isStateAsked = true
    observe()
    pump()
  }

  const listen = async (): ReturnType<Notifier['listen']> =>
    await notifier.listen(watchTopic(turnId), hear)
  const listening = listen()
  // Who watches already, because the turn waited or ran elsewhere, asks then; asked before this listens, it would not be heard.
  listening
    .catch(report)
    .then(() => send(writeMessage({ type: 'began', fence })))
    .catch(report)

  return {
    follow(next) {
      unobserve()
      reply = next
      if (clock.now() > watchedUntil) return
      isStateAsked = true
      observe()
      pump()
    },
    async close() {
      isClosed = true
      try {
        observing?.observer.flush()
        if (observing !== null) pump()
        await sending
        const unlisten = await listening
        await unlisten()
      } catch (error) {
        report(error)
      }
      unobserve()
    },
  }
}
