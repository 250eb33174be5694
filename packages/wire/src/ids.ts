import { secureRandom } from './values/secure-random.js'

/** What an id is made from. */
export interface IdOptions {
  /** Milliseconds since the Unix epoch. Default: `Date.now`. */
  now?: () => number
  /** Uniform numbers in [0, 1). Default: from the system's secure source. */
  random?: () => number
}

// An id is a prefix, 12 hex digits of (milliseconds × 4096 + counter) mod 2^48, and 14 base-62 characters.
const clockSpanMs = 2 ** 36
const counterSpan = 4096
const stampSpan = clockSpanMs * counterSpan
const tailLength = 14
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

interface Last {
  ms: number
  counter: number
}

/** One counter per clock: ids from an injected clock cannot push those from the real one into the future. */
const lastByClock = new WeakMap<() => number, Last>()
const systemNow = (): number => Date.now()

/**
 * A message id in the server's own sortable form (`msg_…`). Choose and store it before the first send:
 * the server takes the same id again as the same prompt.
 *
 * Ids made after each other sort ascending, also within a millisecond and when the clock steps back.
 * The clock inside has 36 bits and wraps every 795 days (last in August 2026, next in October 2028);
 * use {@link compareIds} to order ids across a wrap.
 */
export function createMessageId(options: IdOptions = {}): string {
  return createId('msg', options)
}

/**
 * A part id (`prt_…`). The server lists the parts of a message in id order, so make the ids of a
 * prompt's parts in the order in which they are to be read.
 */
export function createPartId(options: IdOptions = {}): string {
  return createId('prt', options)
}

function createId(prefix: string, options: IdOptions): string {
  const stamp = nextStamp(options.now ?? systemNow)
  const random = options.random ?? secureRandom
  let tail = ''
  while (tail.length < tailLength) tail += alphabet.charAt(Math.floor(random() * alphabet.length))
  return `${prefix}_${stamp.toString(16).padStart(12, '0')}${tail}`
}

function nextStamp(now: () => number): number {
  const ms = Math.floor(now())
  const last = lastByClock.get(now)
  if (last === undefined || ms > last.ms) {
    lastByClock.set(now, { ms, counter: 1 })
    return toStamp(ms, 1)
  }
  last.counter += 1
  if (last.counter === counterSpan) {
    last.ms += 1
    last.counter = 0
  }
  return toStamp(last.ms, last.counter)
}

/** The milliseconds are reduced first, so that the product stays an exact integer. */
function toStamp(ms: number, counter: number): number {
  return ((ms % clockSpanMs) * counterSpan + counter) % stampSpan
}

/**
 * When an id was made, in milliseconds since the Unix epoch; `null` for what is no such id. The id
 * knows the time only modulo 795 days: the answer is the moment nearest to `nearMs` (default: now).
 */
export function readIdTime(id: string, nearMs: number = Date.now()): number | null {
  const stamp = readStamp(id)
  if (stamp === null) return null
  const ms = Math.floor(stamp / counterSpan)
  const base = Math.floor(nearMs / clockSpanMs) * clockSpanMs
  const candidates = [base - clockSpanMs + ms, base + ms, base + clockSpanMs + ms]
  return candidates.reduce((best, each) =>
    Math.abs(each - nearMs) < Math.abs(best - nearMs) ? each : best,
  )
}

/**
 * Orders two ids by the time inside them, older first, also across a wrap of that clock (as long as
 * they are less than 397 days apart). Ids without a time fall back to plain text order.
 */
export function compareIds(left: string, right: string): number {
  const [a, b] = [readStamp(left), readStamp(right)]
  if (a === null || b === null || a === b) return left < right ? -1 : left > right ? 1 : 0
  const ahead = (a - b + stampSpan) % stampSpan
  return ahead < stampSpan / 2 ? 1 : -1
}

/** Session ids carry the inverted stamp, so that newer sessions sort first. */
function readStamp(id: string): number | null {
  const hex = /^([a-z]+)_([0-9a-f]{12})/.exec(id)
  if (hex === null) return null
  const stamp = Number.parseInt(hex[2] ?? '', 16)
  return hex[1] === 'ses' ? stampSpan - 1 - stamp : stamp
}
