import type { HistorySession } from '../ports/history.js'

/** Messages that polls have read in this turn, as the server gave them. */
export interface SeenMessages {
  /** @param older - Where messages continue that are older than these; null when there are none. Default: that is not known. */
  add(sessionId: string, messages: readonly object[], older?: string | null): void
  /** A message or a part was taken out of the session: what was kept of it earlier is more than there is. */
  shrunk(): void
  readonly hasShrunk: boolean
  /** Where messages continue that are older than those of `of`; null when there are none, undefined when that is not known. */
  olderThan(sessionId: string): string | null | undefined
  /** Oldest first. */
  of(sessionId: string): HistorySession['messages']
}

type SeenMessage = HistorySession['messages'][number]

export function createSeenMessages(): SeenMessages {
  const sessions = new Map<string, readonly SeenMessage[]>()
  const cursors = new Map<string, string | null | undefined>()
  let hasShrunk = false
  return {
    add(sessionId, messages, older) {
      const read = messages as readonly SeenMessage[]
      const merged = mergePage(sessions.get(sessionId) ?? [], read)
      sessions.set(sessionId, merged)
      if (read.length > 0 && merged[0] === read[0]) cursors.set(sessionId, older)
    },
    shrunk() {
      hasShrunk = true
    },
    get hasShrunk() {
      return hasShrunk
    },
    olderThan: (sessionId) => cursors.get(sessionId),
    of: (sessionId) => sessions.get(sessionId) ?? [],
  }
}

/** A page of the server's list laid into what is known of it; the list's order counts, since ids may be of two clocks. */
function mergePage(
  known: readonly SeenMessage[],
  page: readonly SeenMessage[],
): readonly SeenMessage[] {
  const merged = [...known]
  const placeOf = ({ info }: SeenMessage): number =>
    merged.findIndex((each) => each.info['id'] === info['id'])
  const first = page.map(placeOf).find((place) => place >= 0)
  let next = first ?? merged.length
  for (const message of page) {
    const place = placeOf(message)
    if (place >= 0) merged[place] = message
    else merged.splice(next, 0, message)
    next = (place >= 0 ? place : next) + 1
  }
  return merged
}
