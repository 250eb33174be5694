import { WireError } from '../errors.js'
import type { Limits } from '../options.js'
import type { Gap, ServerEvent } from './event-types.js'

/**
 * A live view of the server's events. Iterate it once, with `for await`; leaving the loop closes it
 * and gives the connection back when no one else uses it.
 */
export interface Subscription<Event = ServerEvent> extends AsyncIterable<Event | Gap> {
  /**
   * Resolves when the server has confirmed the connection: what happens from now on will be seen, so
   * a prompt may be sent. Rejects with a `WireError` when that cannot be (`unauthorized`, `not_found`,
   * `connection` …, `closed`), or with the signal's reason.
   */
  readonly ready: Promise<void>
  /**
   * Calls back for each event in the moment it is read from the connection, instead of a loop: without a queue, so that
   * nothing overflows, and several times cheaper where hundreds of sessions stream. The callback must be quick, since all
   * subscribers wait for it. Resolves when the subscription is closed; rejects with what the loop would throw, or with
   * what the callback threw, which closes the subscription. Use either this or the loop.
   */
  readonly forEach: (onEvent: (event: Event | Gap) => void) => Promise<void>
  /** Also deliver the events of this session, for a sub-agent that was started before the subscription. */
  readonly follow: (sessionId: string) => void
  /** Ends the iteration; may be called again. */
  readonly close: () => void
  [Symbol.asyncDispose](): Promise<void>
}

/** The hub's side of a subscription. */
export interface Feed {
  /** Hands over an event of `size` characters. */
  readonly push: (event: unknown, size: number) => void
  /** Tells that events may be missing; one gap is for several in a row. */
  readonly pushGap: (reason: Gap['reason']) => void
  readonly markReady: () => void
  readonly isReady: () => boolean
  /** Ends the iteration: with an error after what is queued, or at once. */
  readonly end: (how: { readonly error: unknown; readonly drop: boolean } | 'closed') => void
}

interface Waiter<Event> {
  readonly resolve: (result: IteratorResult<Event | Gap, undefined>) => void
  readonly reject: (error: unknown) => void
}

/** Items that were read and still take a place, at which the queue is shortened. */
const compactAt = 1024

/** A bounded queue between the hub and one `for await` loop. */
export function createSubscription<Event>(
  limits: Limits,
  hooks: { readonly onClose: () => void; readonly onFollow: (sessionId: string) => void },
): { readonly subscription: Subscription<Event>; readonly feed: Feed } {
  let queue: unknown[] = []
  let sizes: number[] = []
  let head = 0
  let queuedSize = 0
  let isReady = false
  let ended: { readonly error: unknown } | 'closed' | null = null
  const waiters: Waiter<Event>[] = []
  /** Who is called back instead of reading from the queue. */
  let listener: ((event: Event | Gap) => void) | null = null
  const ready = createGate()

  const enqueue = (item: unknown, size: number): void => {
    if (listener !== null) return tell(listener, item as Event)
    const waiter = waiters.shift()
    if (waiter !== undefined) waiter.resolve({ done: false, value: item as Event })
    else {
      queue.push(item)
      sizes.push(size)
      queuedSize += size
    }
  }
  const clear = (): void => {
    queue = []
    sizes = []
    head = 0
    queuedSize = 0
  }
  /** A reader that is always a little late never empties the queue; what it has read must go all the same. */
  const compact = (): void => {
    queue = queue.slice(head)
    sizes = sizes.slice(head)
    head = 0
  }
  const pushGap = (reason: Gap['reason']): void => {
    if (ended !== null) return
    const last = queue.at(-1)
    if (head < queue.length && isGap(last)) return
    enqueue({ type: 'gap', reason } satisfies Gap, 0)
  }
  const push = (event: unknown, size: number): void => {
    if (ended !== null) return
    const waiting = queue.length - head
    if (waiting > 0 && (waiting >= limits.queueEvents || queuedSize + size > limits.queueBytes)) {
      clear()
      pushGap('overflow')
    }
    enqueue(event, size)
  }
  const end: Feed['end'] = (how) => {
    if (ended !== null) return
    ended = how === 'closed' ? how : { error: how.error }
    if (how === 'closed' || how.drop) clear()
    ready.refuse(how === 'closed' ? subscriptionClosed() : how.error)
    for (const waiter of waiters.splice(0)) settle(waiter)
    hooks.onClose()
  }
  const settle = (waiter: Waiter<Event>): void => {
    if (ended === null || ended === 'closed') waiter.resolve({ done: true, value: undefined })
    else waiter.reject(ended.error)
  }
  const next = (): Promise<IteratorResult<Event | Gap, undefined>> => {
    if (head < queue.length) {
      const value = queue[head] as Event
      queuedSize -= sizes[head] ?? 0
      queue[head] = undefined
      head += 1
      if (head === queue.length) clear()
      else if (head >= compactAt && head * 2 >= queue.length) compact()
      return Promise.resolve({ done: false, value })
    }
    return new Promise((resolve, reject) => {
      if (ended === null) waiters.push({ resolve, reject })
      else settle({ resolve, reject })
    })
  }
  const tell = (onEvent: (event: Event | Gap) => void, item: Event | Gap): void => {
    try {
      onEvent(item)
    } catch (error) {
      end({ error, drop: true })
    }
  }
  const forEach = async (onEvent: (event: Event | Gap) => void): Promise<void> => {
    // What came before; its callbacks may close the subscription, or let more come.
    while (head < queue.length) {
      const { value } = await next()
      if (value !== undefined) tell(onEvent, value)
    }
    listener = onEvent
    await next()
  }
  const iterator: AsyncIterator<Event | Gap, undefined> = {
    next,
    return: async () => {
      end('closed')
      return { done: true, value: undefined }
    },
  }
  const subscription: Subscription<Event> = {
    ready: ready.promise,
    forEach,
    follow: hooks.onFollow,
    close: () => end('closed'),
    [Symbol.asyncIterator]: () => iterator,
    [Symbol.asyncDispose]: async () => end('closed'),
  }
  const markReady = (): void => {
    isReady = true
    ready.open()
  }
  return { subscription, feed: { push, pushGap, markReady, isReady: () => isReady, end } }
}

function createGate(): {
  readonly promise: Promise<void>
  readonly open: () => void
  readonly refuse: (error: unknown) => void
} {
  let open: () => void = () => {}
  let refuse: (error: unknown) => void = () => {}
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve
    refuse = reject
  })
  // No one has to look at `ready`: the iteration reports the same error.
  promise.catch(() => {})
  return { promise, open, refuse }
}

function isGap(item: unknown): boolean {
  return typeof item === 'object' && item !== null && 'type' in item && item.type === 'gap'
}

function subscriptionClosed(): WireError {
  return new WireError('closed', 'The subscription was closed before it was ready', {
    delivered: 'no',
  })
}
