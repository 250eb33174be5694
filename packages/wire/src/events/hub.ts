import { WireError } from '../errors.js'
import type { Settings } from '../options.js'
import { nextDelayMs } from '../retry-policy.js'
import type { ConnectionSink } from './connection.js'
import { mayAnnounceChild, readEventHeader } from './event-header.js'
import { isEvent, parentIdOf, sessionIdOf, type Gap, type ServerEvent } from './event-types.js'
import { createRoutes } from './routes.js'
import { createSubscription, type Feed, type Subscription } from './subscription.js'

/** Which events a subscriber wants. */
export interface Interest {
  /** Only events of this session; `null` for everything. */
  readonly session: string | null
  /** With those of its sub-agents, whatever their depth. */
  readonly includeChildren: boolean
  readonly signal: AbortSignal | undefined
}

/** One connection for any number of subscribers, open as long as there is one. */
export interface Hub<Event> {
  readonly subscribe: (interest: Interest) => Subscription<Event>
  /** Ends every subscription with `error`. */
  readonly close: (error: WireError) => void
}

export type Connect = (sink: ConnectionSink) => () => void

interface Break {
  readonly error: unknown
  readonly readyAtMs: number | null
}

export function createHub<Event>(
  settings: Settings,
  connect: Connect,
  onEmpty: () => void,
): Hub<Event> {
  const { clock, random, reconnect, limits } = settings
  const feeds = new Set<Feed>()
  const routes = createRoutes<Feed>()
  let running: AbortController | null = null
  let isConnected = false
  let gapReason: Gap['reason'] = 'reconnect'

  const subscribe = (interest: Interest): Subscription<Event> => {
    const { session, signal } = interest
    const onAbort = (): void => feed.end({ error: signal?.reason, drop: true })
    const { subscription, feed } = createSubscription<Event>(limits, {
      onFollow: (sessionId) => routes.follow(feed, sessionId, interest.includeChildren),
      onClose: () => {
        signal?.removeEventListener('abort', onAbort)
        routes.leave(feed)
        feeds.delete(feed)
        if (feeds.size === 0) stop()
      },
    })
    feeds.add(feed)
    if (session === null) routes.followAll(feed)
    else routes.follow(feed, session, interest.includeChildren)
    if (signal?.aborted === true) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
    if (feeds.size > 0) start()
    if (isConnected) feed.markReady()
    return subscription
  }

  const start = (): void => {
    if (running !== null) return
    running = new AbortController()
    void run(running.signal)
  }
  const stop = (): void => {
    running?.abort()
    running = null
    isConnected = false
    onEmpty()
  }

  /** Connects again and again, as the policy allows, until nobody is left. */
  const run = async (stopped: AbortSignal): Promise<void> => {
    let failures = 0
    let downSinceMs = clock.now()
    for (;;) {
      const broken = await connectOnce(stopped)
      if (stopped.aborted) return
      isConnected = false
      const now = clock.now()
      if (broken.readyAtMs !== null) {
        downSinceMs = now
        if (now - broken.readyAtMs >= reconnect.stableAfterMs) failures = 0
      }
      failures += 1
      const { error } = broken
      if (!WireError.is(error)) return endAll(error)
      const wait = nextDelayMs(reconnect, { failures, downForMs: now - downSinceMs, error }, random)
      if (wait === null) return endAll(error)
      await clock.sleep(wait, { signal: stopped }).catch(() => {})
      if (stopped.aborted) return
    }
  }

  const connectOnce = (stopped: AbortSignal): Promise<Break> =>
    new Promise((resolve) => {
      let readyAtMs: number | null = null
      const settle = (error: unknown): void => {
        stopped.removeEventListener('abort', onStop)
        resolve({ error, readyAtMs })
      }
      const disconnect = connect({
        onReady: () => {
          readyAtMs = clock.now()
          announceReady()
        },
        onFrame: deliver,
        onBreak: settle,
      })
      const onStop = (): void => {
        disconnect()
        settle(stopped.reason)
      }
      stopped.addEventListener('abort', onStop, { once: true })
    })

  const announceReady = (): void => {
    isConnected = true
    for (const feed of feeds) {
      if (feed.isReady()) feed.pushGap(gapReason)
      else feed.markReady()
    }
    gapReason = 'reconnect'
  }

  const deliver = (data: string): void => {
    // A frame is parsed only if somebody wants its session, and then once for all of them.
    if (!routes.hasFollowersOfAll()) {
      const header = readEventHeader(data)
      if (
        header !== null &&
        !routes.isFollowed(header.sessionId) &&
        !mayAnnounceChild(header, data)
      )
        return
    }
    const frame = parseFrame(data)
    if (frame === null) {
      for (const feed of feeds) feed.pushGap('malformed')
      return
    }
    if (isEvent(frame)) route(frame, data.length)
    else for (const feed of routes.followersOfAll()) feed.push(frame, data.length)
  }

  const route = (event: ServerEvent, size: number): void => {
    const sessionId = sessionIdOf(event)
    if (event.type === 'server.instance.disposed') gapReason = 'disposed'
    if (sessionId !== null) {
      const parentId = parentIdOf(event)
      if (parentId !== null) routes.adopt(sessionId, parentId)
      for (const feed of routes.followersOf(sessionId)) feed.push(event, size)
    }
    for (const feed of routes.followersOfAll()) feed.push(event, size)
    if (sessionId !== null && event.type === 'session.deleted') routes.forgetChild(sessionId)
  }

  const endAll = (error: unknown): void => {
    for (const feed of feeds) feed.end({ error, drop: false })
  }
  return { subscribe, close: endAll }
}

/** An object, or `null` for anything else. */
function parseFrame(data: string): object | null {
  try {
    const value: unknown = JSON.parse(data)
    return typeof value === 'object' && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}
