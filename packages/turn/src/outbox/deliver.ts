import { type Clock, steady, systemClock } from '../clock.js'
import { type ErrorContext, reportSafely } from '../errors.js'
import { inBackground, withinMs } from '../run/deadline.js'
import { createWakeup } from '../run/wakeup.js'
import type { OutboxEvent, OutboxStore } from './event.js'
import { type Told, traceDelivery } from './trace-delivery.js'
import { type DeliveryRetries, defaultRetries, retryDelay } from './retry-delay.js'

/** Tells someone of an event. What it throws means: not delivered, try again. Must be repeatable: it is called at least once. */
export type Deliver = (
  event: OutboxEvent,
  options: { readonly signal: AbortSignal },
) => Promise<unknown> | unknown

/** What a failure of an outbox is about. */
export interface OutboxErrorContext extends ErrorContext {
  /** Null when the store could not be asked. */
  readonly event: OutboxEvent | null
}

/** What {@link createOutbox} needs. */
export interface OutboxOptions {
  readonly store: OutboxStore
  readonly deliver: Deliver
  /** So many deliveries at once. Default 10. */
  readonly concurrency?: number
  /** How often to look for events. Default 1,000 ms. */
  readonly pollMs?: number
  /** How long one delivery may take. Default 30,000 ms. */
  readonly timeoutMs?: number
  readonly retries?: Partial<DeliveryRetries>
  /** How long delivered events are kept, in milliseconds. Default 7 days; Infinity keeps them. */
  readonly keepMs?: number
  /** Default: the clock of the machine. */
  readonly clock?: Clock
  /** Of the pauses. Default `Math.random`. */
  readonly random?: () => number
  /** What failed and is tried again. Default: nothing happens. */
  readonly onError?: (error: unknown, context: OutboxErrorContext) => void
  /** An event that is given up. Default: nothing happens; `store.replay` brings it back. */
  readonly onDead?: (event: OutboxEvent, error: unknown) => void
}

/** Delivers the events of an outbox until it is closed. Any number of processes may do so. */
export interface Outbox extends AsyncDisposable {
  /** Looks for events at once: one was written a moment ago. */
  wake(): void
  /** Takes no more; waits for the deliveries under way, which are aborted. */
  close(): Promise<void>
}

/** Longer than a delivery may take, so that no other process delivers it meanwhile. */
const leaseShare = 2
const weekMs = 7 * 24 * 60 * 60_000
const pruneEveryMs = 60_000
const prunedAtOnce = 500

/**
 * Delivers what the rows say has happened to turns: at least once each, again after failures and crashes, with pauses that grow,
 * and aside as a dead letter in the end.
 *
 * @throws RangeError for a number that makes no sense, TypeError without a store or a function that delivers.
 *
 * @example
 * const outbox = createOutbox({ store: createOutboxStore({ knex }), deliver: webhook({ url, secret }) })
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { store, deliver, random = Math.random } = options
  const { concurrency = 10, pollMs = 1_000, timeoutMs = 30_000, keepMs = weekMs } = options
  // Without them it would find nothing, for ever, and tell only `onError`.
  if (typeof Reflect.get(Object(store), 'delivered') !== 'function') {
    throw new TypeError(
      '`store` is missing: give it `createOutboxStore` of `@turnstead/session/outbox`',
    )
  }
  if (typeof deliver !== 'function') {
    throw new TypeError(
      '`deliver` must be a function, such as `webhook` of `@turnstead/turn/outbox`',
    )
  }
  const retries = { ...defaultRetries, ...options.retries }
  for (const [name, value] of Object.entries({
    concurrency,
    pollMs,
    timeoutMs,
    keepMs,
    ...retries,
  })) {
    if (!(value >= 1)) throw new RangeError(`\`${name}\` must be a number, 1 or more`)
  }
  const clock = steady(options.clock ?? systemClock)
  const wakeup = createWakeup(clock)
  const under = new Set<Promise<void>>()

  const report = (error: unknown, event: OutboxEvent | null): void =>
    reportSafely(options.onError, error, {
      step: 'outbox',
      turnId: event?.turnId ?? null,
      conversationId: event?.conversationId ?? null,
      event,
    })

  /** A store that does not answer must keep neither later events nor `close` waiting. */
  const inTime = <T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    const expired = (): Error =>
      new Error(`The store of the outbox did not answer within ${timeoutMs} ms; it is asked again.`)
    return withinMs(clock, { ms: timeoutMs, signal, expired }, call)
  }

  const tell = async (event: OutboxEvent, closing: AbortSignal): Promise<Told> => {
    const expired = (): Error =>
      new Error(`Event ${event.id} was not taken within ${timeoutMs} ms; it is tried again.`)
    try {
      await withinMs(clock, { ms: timeoutMs, signal: closing, expired }, async (signal) => {
        await deliver(event, { signal })
      })
    } catch (error) {
      // A process that leaves has not failed: another one tries when the lease is over.
      if (closing.aborted) return { outcome: 'left' }
      const retryInMs = retryDelay(event.attempts + 1, retries, random)
      report(error, event)
      await inTime(() => store.failed(event.id, { error: wordsOf(error), retryInMs }))
      if (retryInMs === null) callSafely(() => options.onDead?.(event, error))
      return { outcome: retryInMs === null ? 'dead' : 'failed', error }
    }
    await inTime(() => store.delivered(event.id))
    return { outcome: 'delivered' }
  }

  const begin = (event: OutboxEvent, closing: AbortSignal): void => {
    const work = traceDelivery(event, () => tell(event, closing))
      .then(
        () => undefined,
        (error: unknown) => report(error, event),
      )
      .finally(() => {
        under.delete(work)
        wakeup.wake()
      })
    under.add(work)
  }

  /** True when there may be more than was taken. */
  const takeSome = async (closing: AbortSignal): Promise<boolean> => {
    const limit = concurrency - under.size
    if (limit <= 0) return false
    try {
      const request = { limit, leaseMs: timeoutMs * leaseShare }
      const events = await inTime(() => store.take(request), closing)
      for (const event of events) begin(event, closing)
      return events.length === limit
    } catch (error) {
      if (!closing.aborted) report(error, null)
      return false
    }
  }

  let prunedAt = -Infinity
  /** Now and then, and again at once while there is more. */
  const prune = async (): Promise<void> => {
    if (keepMs === Infinity || clock.now() - prunedAt < pruneEveryMs) return
    prunedAt = clock.now()
    try {
      const count = (await store.prune?.({ olderThanMs: keepMs, limit: prunedAtOnce })) ?? 0
      if (count === prunedAtOnce) prunedAt = -Infinity
    } catch (error) {
      report(error, null)
    }
  }

  const loop = inBackground(async (closing) => {
    while (!closing.aborted) {
      await prune()
      const hasMore = await takeSome(closing)
      const isFull = under.size >= concurrency
      await wakeup.wait(hasMore && !isFull ? 0 : pollMs, closing).catch(() => undefined)
    }
  })
  const close = async (): Promise<void> => {
    await loop.close()
    await Promise.all(under)
  }
  return { wake: () => wakeup.wake(), close, [Symbol.asyncDispose]: close }
}

const longestWords = 500

/** Of the error's own message only: what it was caused by may hold what the receiver said. */
function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, longestWords)
}

function callSafely(call: () => unknown): void {
  try {
    Promise.resolve(call()).catch(() => undefined)
  } catch {
    // A reporter's own failure concerns no event.
  }
}
