import type { HistoryHead } from '../ports/history.js'
import type { TurnSetup } from '../options.js'
import { createSeenMessages, type SeenMessages } from './seen-messages.js'

/** How a turn came to its session. */
export type SessionFate = 'same' | 'new' | 'restored' | 'replaced'

/** What of the conversation is kept outside of the server, and what this turn adds to it. */
export interface RunHistory {
  readonly seen: SeenMessages
  /** What is kept; null before it was read, and when it is nothing. */
  readonly head: HistoryHead | null
  found(head: HistoryHead | null): void
}

/** Null without a store for it. */
export function createRunHistory({ history }: Pick<TurnSetup, 'history'>): RunHistory | null {
  if (history === null) return null
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
