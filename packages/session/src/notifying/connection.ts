import { monotonic } from '../clock.js'
import type { Clock } from '../clock.js'
import { createGate } from './gate.js'
import type { Connect, Link, LinkEvents } from './link.js'
import { reportTo } from './topic-listeners.js'
import type { OnNotifierError } from './topic-listeners.js'
import { within } from './within.js'

/** What a connection is made of. */
export interface ConnectionOptions {
  readonly connect: Connect
  readonly clock: Clock
  /** From 0 to 1; keeps many processes from coming back at the same instant. */
  readonly random: () => number
  readonly onError: OnNotifierError
}

/** Who uses a connection. */
export interface ConnectionUser extends Pick<LinkEvents, 'message'> {
  /** A new link: resolves when it is of use. */
  attach(link: Link): Promise<void>
  /** The link is gone. */
  detach(): void
  /** A link is there again, in place of one that was lost. */
  restored(): void
}

/** A connection that comes back by itself. */
export interface Connection {
  /** Begins to connect, if that is not done yet. Throws when it is closed. */
  begin(): void
  /** The link, waited for a moment when it is not there. */
  use(): Promise<Link>
  /** Gives this link up, for the next. */
  drop(link: Link): Promise<void>
  /** The link that is there now. */
  current(): Link | null
  close(): Promise<void>
}

const firstDelayMs = 100
const longestDelayMs = 10_000
/** A connection that did not last this long has not shown that it is worth another at once. */
const stableMs = 30_000
const connectMs = 10_000
const pingEveryMs = 30_000
const pingMs = 10_000
/** How long a message waits for a connection. One that is older may as well be lost. */
const useMs = 2_000
const mostWaiting = 1_000

/** Keeps one link alive, begun by the first use; each time that it is lost in a row, it comes back later. */
export function createConnection(options: ConnectionOptions, user: ConnectionUser): Connection {
  const { connect, clock, random, onError } = options
  const closing = new AbortController()
  const { signal } = closing
  let link: Link | null = null
  let up = createGate()
  let running: Promise<void> | null = null
  let waiting = 0

  const run = async (): Promise<void> => {
    let delayMs = firstDelayMs
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const since = monotonic(clock)
      try {
        await stayConnected(isFirst)
      } catch (error) {
        if (!signal.aborted) reportTo(onError, error)
      }
      if (monotonic(clock) - since >= stableMs) delayMs = firstDelayMs
      await clock.sleep(delayMs * (0.5 + random() / 2), { signal }).catch(() => undefined)
      delayMs = Math.min(delayMs * 2, longestDelayMs)
    }
  }

  /** One link from its beginning to its end; rejects with what ended it. */
  const stayConnected = async (isFirst: boolean): Promise<void> => {
    const ended = createGate()
    const onClose = (): void => ended.reject(closed())
    signal.addEventListener('abort', onClose, { once: true })
    const connecting = connect({ message: user.message, lost: (error) => ended.reject(error) })
    let opened: Link | null = null
    try {
      const expired = `The notifier did not get a connection within ${connectMs} ms.`
      const open = within(clock, { ms: connectMs, expired }, connecting)
      opened = await Promise.race([open, ended.promise.then(neverResolves)])
      link = opened
      await Promise.race([user.attach(opened), ended.promise])
      up.resolve()
      if (!isFirst) user.restored()
      await Promise.race([ended.promise, keepAlive(opened)])
    } finally {
      signal.removeEventListener('abort', onClose)
      link = null
      user.detach()
      if (up.isOpen()) up = createGate()
      // One that opens too late is not wanted any more.
      if (opened === null) connecting.then(closeQuietly, () => undefined)
      else await closeQuietly(opened)
    }
  }

  /** A peer that vanished says nothing, and neither does a pooler that drops what it should pass on. */
  const keepAlive = async (opened: Link): Promise<void> => {
    for (;;) {
      await clock.sleep(pingEveryMs, { signal })
      if (link !== opened) return
      const expired = 'The notifier did not hear itself: messages do not get through.'
      await within(clock, { ms: pingMs, expired }, opened.ping())
    }
  }

  return {
    begin() {
      if (signal.aborted) throw closed()
      running ??= run()
    },
    async use() {
      if (link !== null) return link
      if (waiting >= mostWaiting) throw notConnected()
      waiting += 1
      try {
        const expired = `The notifier had no connection for ${useMs} ms; the message is lost.`
        await within(clock, { ms: useMs, expired }, up.promise)
      } finally {
        waiting -= 1
      }
      if (link === null) throw notConnected()
      return link
    },
    drop: closeQuietly,
    current: () => link,
    async close() {
      closing.abort(closed())
      up.reject(closed())
      await running
    },
  }
}

/** What everyone is told who uses a notifier that was closed. */
export function closed(): Error {
  return new Error('The notifier is closed.')
}

function notConnected(): Error {
  return new Error('The notifier has no connection; the message is lost.')
}

function neverResolves(): Promise<never> {
  return new Promise(() => undefined)
}

async function closeQuietly(link: Link): Promise<void> {
  await link.close().catch(() => undefined)
}
