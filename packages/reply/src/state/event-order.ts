const clockStart = 'evt_'.length
const clockRange = 2 ** 48

/** How many ids are remembered one by one: this many at least, twice as many at most. */
const remembered = 64

/**
 * Tells the new events about one part, message, session or list from repetitions, at any distance.
 *
 * The server's event ids do not rise across one stream, but they do for one part and one message. So what is ahead
 * of the newest is new, which is nearly always. What is not ahead may still be new, when the clock of the server was
 * set back: then the last ids are compared one by one, and only what is older than all of them is a repetition by
 * its age.
 */
export class EventClock {
  /** The newest id; `null` before the first. */
  newest: string | null
  #floor: string | null
  #recent: string[] = []

  /** Goes on after an id: what is not ahead of it is a repetition. */
  constructor(newest: string | null = null) {
    this.newest = newest
    this.#floor = newest
  }

  /** Whether the event is new; then it is remembered. An event without an id is always new. */
  accept(id: string | null): boolean {
    if (id === null) return true
    const isAhead = isServerId(id) && isNewer(id, this.newest)
    if (!isAhead && (this.#recent.includes(id) || !isNewer(id, this.#floor))) return false
    if (isAhead || this.newest === null) this.newest = id
    if (this.#recent.push(id) >= 2 * remembered) {
      for (const each of this.#recent.splice(0, remembered)) {
        if (isNewer(each, this.#floor)) this.#floor = each
      }
    }
    return true
  }

  /** Forgets the single ids when no more than an order is needed. */
  close(): void {
    this.#floor = this.newest
    this.#recent = []
  }
}

/**
 * Whether an event id was made after another.
 *
 * An id holds 48 bits of clock that wrap every 795 days, hence the serial-number comparison. Ids of another shape are
 * only compared for equality.
 */
export function isNewer(id: string | null, last: string | null): boolean {
  if (id === null || last === null) return true
  // Same leading digit: no wrap lies between, and text order is clock order.
  if (isServerId(id) && id.length === last.length && id[clockStart] === last[clockStart]) {
    return id > last
  }
  const ahead = distance(clockOf(id), clockOf(last))
  return Number.isNaN(ahead) ? id !== last : ahead > 0
}

/** When the server made an id, in epoch milliseconds; the nearest to `near`, because the clock wraps. */
export function madeAt(id: string, near: number | null): number | null {
  const clock = clockOf(id)
  if (near === null || id.length !== 30 || Number.isNaN(clock)) return null
  return near + Math.floor(distance(clock, near * 4096) / 4096)
}

/** How far a clock is ahead of another, at most half a round; negative when it is behind. */
function distance(clock: number, other: number): number {
  return ((((clock - other) % clockRange) + 1.5 * clockRange) % clockRange) - clockRange / 2
}

function isServerId(id: string): boolean {
  return id.length === 30 && id.startsWith('evt_')
}

function clockOf(id: string): number {
  return Number(`0x${id.slice(clockStart, clockStart + 12)}`)
}
