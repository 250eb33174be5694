/** What a finished poll showed. */
export interface PollSeen {
  /** The session and its sub-agents do nothing. */
  readonly isIdle: boolean
  /** Nothing changed since the poll before. */
  readonly isSame: boolean
}

/** When the server is polled, and what the last polls and the stream said about that. Pure but for the given time. */
export interface PollSchedule {
  /** An event of the session came. */
  heard(): void
  /** Something came that only a poll can settle. */
  hint(): void
  /** The stream was cut or overflowed: asks and messages may have been missed. */
  gap(): void
  /** The prompt was sent: what was quiet before says nothing. */
  sent(): void
  /** Nothing was missed of the stream since the prompt was sent. */
  isStreamWhole(): boolean
  /** When the next poll is due. */
  nextAt(): number
  /** A poll begins. */
  begin(): { readonly readsAsks: boolean; readonly hadGap: boolean }
  succeeded(seen: PollSeen): void
  failed(): void
  /** The asks were read from the server; or they could not be, and the next poll tries again. */
  asksRead(isRead: boolean): void
  /** The server's lists of asks were read since this worker took the turn up. */
  hasReadAsks(): boolean
  /** They were asked for after that time, and read. */
  hasReadAsksSince(at: number): boolean
  /** For how long nothing of the session was heard, while the polls showed the same. */
  quietMs(): number
  /** For how long every poll has failed; 0 while the server answers. */
  unreachableMs(): number
}

/** Between two polls while the end, or the server, is about to show itself. */
const closePollMs = 500
/** Between two polls whatever happens: events that call for one may come by the hundred. */
const leastPollMs = 100
/** So many silent polls may pass before one reads the asks too: a stream that is down does not report them. */
const pollsPerAskList = 4

export function createPollSchedule(now: () => number, pollMs: number): PollSchedule {
  const startedAt = now()
  let isHinted = false
  let hasGap = false
  let isWhole = false
  let heardAt = startedAt
  let beganAt = -Infinity
  let polledAt = startedAt
  let asksReadAt = startedAt
  let idleSince: number | null = null
  let unreachableSince: number | null = null
  let hasRead = false
  let readBeganAt = -Infinity

  return {
    heard() {
      heardAt = now()
    },
    hint() {
      isHinted = true
    },
    gap() {
      hasGap = true
      isWhole = false
      isHinted = true
    },
    sent() {
      isWhole = true
      heardAt = now()
      idleSince = null
    },
    isStreamWhole: () => isWhole,
    nextAt() {
      const earliest = beganAt + Math.min(leastPollMs, pollMs)
      if (isHinted) return earliest
      const isClose = idleSince !== null || unreachableSince !== null
      const wait = isClose ? Math.min(closePollMs, pollMs) : pollMs
      return Math.max(earliest, Math.max(polledAt, heardAt) + wait)
    },
    begin() {
      beganAt = now()
      const readsAsks = hasGap || beganAt >= asksReadAt + pollsPerAskList * pollMs
      const hadGap = hasGap
      hasGap = false
      isHinted = false
      return { readsAsks, hadGap }
    },
    succeeded({ isIdle, isSame }) {
      polledAt = now()
      unreachableSince = null
      idleSince = isIdle ? ((isSame ? idleSince : null) ?? polledAt) : null
    },
    failed() {
      polledAt = now()
      hasGap = true
      idleSince = null
      unreachableSince ??= polledAt
    },
    asksRead(isRead) {
      asksReadAt = isRead ? now() : -Infinity
      hasRead ||= isRead
      if (isRead) readBeganAt = beganAt
    },
    hasReadAsks: () => hasRead,
    hasReadAsksSince: (at) => readBeganAt > at,
    quietMs: () => now() - Math.max(heardAt, idleSince ?? heardAt),
    unreachableMs: () => (unreachableSince === null ? 0 : polledAt - unreachableSince),
  }
}
