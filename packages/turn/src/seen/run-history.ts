import type { HistoryHead } from '../ports/history.js'
import { createSeenMessages, type SeenMessages } from './seen-messages.js'

/** What of the conversation is kept outside of the server, and what this turn adds to it. */
export interface RunHistory {
  readonly seen: SeenMessages
  /** What is kept; null before it was read, and when it is nothing. */
  readonly head: HistoryHead | null
  found(head: HistoryHead | null): void
}

export function createRunHistory(): RunHistory {
  let head: HistoryHead | null = null
  return {
    seen: createSeenMessages(),
    get head() {
      return head
    },
    found(next) {
      head = next
    },
  }
}
