import { onAbort } from '../http/listen.js'
import type { Settings } from '../options.js'
import { createDeltaPatterns } from './delta-patterns.js'
import { isOneLine } from './frame-decoder.js'
import { guessSessionKey, mayAnnounceChild, readEventHeader } from './event-header.js'
import { isEvent, parentIdOf, sessionIdOf, type Gap, type ServerEvent } from './event-types.js'
import { keepConnected, type Connect } from './keep-connected.js'
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
  readonly close: (error: Error) => void
}

export function createHub<Event>(
  settings: Settings,
  route: string,
  connect: Connect,
  onEmpty: () => void,
): Hub<Event> {
  const feeds = new Set<Feed>()
  const routes = createRoutes<Feed>()
  const deltas = createDeltaPatterns()
  let disconnect: (() => void) | null = null
  let isConnected = false
  let gapReason: Gap['reason'] = 'reconnect'

  const subscribe = (interest: Interest): Subscription<Event> => {
    const { session, includeChildren, signal } = interest
    const leave = (): void => feed.end({ error: signal?.reason, drop: true })
    let unlisten = (): void => undefined
    const { subscription, feed } = createSubscription<Event>(settings.limits, {
      onFollow: (sessionId) => {
        if (feeds.has(feed)) routes.follow(feed, sessionId, includeChildren)
      },
      onClose: () => {
        unlisten()
        routes.leave(feed)
        if (feeds.delete(feed) && feeds.size === 0) stop()
      },
    })
    if (signal?.aborted === true) {
      leave()
      if (feeds.size === 0) onEmpty()
      return subscription
    }
    unlisten = onAbort(signal, leave)
    if (session === null) routes.followAll(feed)
    else routes.follow(feed, session, includeChildren)
    feeds.add(feed)
    disconnect ??= keepConnected(settings, route, connect, {
      onReady,
      onFrame: deliver,
      takeBytes,
      onDown: () => (isConnected = false),
      onGiveUp: endAll,
    })
    if (isConnected) feed.markReady()
    return subscription
  }

  const stop = (): void => {
    disconnect?.()
    disconnect = null
    isConnected = false
    onEmpty()
  }

  const onReady = (): void => {
    isConnected = true
    for (const feed of feeds) {
      if (feed.isReady()) feed.pushGap(gapReason)
      else feed.markReady()
    }
    gapReason = 'reconnect'
  }

  const deliver = (data: string): void => {
    const frame = parseFrame(data)
    if (frame === null) for (const feed of feeds) feed.pushGap('malformed')
    else if (isEvent(frame)) {
      deltas.learn(data, frame)
      handOut(frame, data.length)
    } else for (const feed of routes.followersOfAll()) feed.push(frame, data.length)
  }

  /**
   * A frame is parsed only if a subscriber wants its session, and then once for all of them; of a delta
   * only what is new.
   */
  const takeBytes = (bytes: Buffer, start: number, end: number): boolean => {
    const delta = deltas.read(bytes, start, end)
    if (delta === null) return isUnwanted(bytes, start, end)
    handOut(delta, end - start)
    return true
  }
  const isUnwanted = (bytes: Buffer, start: number, end: number): boolean => {
    if (routes.hasFollowersOfAll()) return false
    if (routes.mayBeFollowed(guessSessionKey(bytes, start))) return false
    const header = readEventHeader(bytes, start, end)
    if (header === null || routes.mayBeFollowed(header.sessionKey)) return false
    return !mayAnnounceChild(bytes, header, end) && isOneLine(bytes, start, end)
  }

  const handOut = (event: ServerEvent, size: number): void => {
    const sessionId = sessionIdOf(event)
    if (event.type === 'server.instance.disposed') gapReason = 'disposed'
    if (sessionId !== null) {
      const parentId = parentIdOf(event)
      if (parentId !== null) routes.adopt(sessionId, parentId)
      for (const feed of routes.followersOf(sessionId)) feed.push(event, size)
    }
    if (routes.hasFollowersOfAll()) {
      for (const feed of routes.followersOfAll()) feed.push(event, size)
    }
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
