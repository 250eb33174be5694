import type { Conversation } from '../rows/models.js'
import {
  type ConversationFeed,
  type ConversationFeedOptions,
  type FeedPlace,
  createConversationFeed,
} from './conversation-feed.js'
import type { FeedChange } from './recent-changes.js'
import type { LiveTurn } from './live-turn.js'

/** The conversations that are open on pages of this process. */
export interface ConversationFeeds {
  /** As of {@link ConversationFeed}; the feed is there as long as someone is in it, and a moment longer. */
  join(
    conversation: ConversationFeedOptions['conversation'],
    page: {
      readonly from: number
      readonly at: string | null
      readonly receive: (change: FeedChange) => void
    },
  ): Promise<() => void>
  live(conversationId: number, turnId: number): LiveTurn | null
  /** Where pages of a conversation are; null where it is not followed. */
  placeOf(conversationId: number): FeedPlace | null
  /** Whether pages of one of these are still to be told of an end. */
  isUnfinished(conversationIds: readonly number[]): boolean
  refresh(): void
  /** How many are followed. */
  readonly size: number
  close(): void
}

/** A page that opens its stream anew finds what it has missed. */
const lingerMs = 10_000

export function createConversationFeeds(
  options: Omit<ConversationFeedOptions, 'conversation'>,
): ConversationFeeds {
  const open = new Map<number, { readonly feed: ConversationFeed; pages: number }>()

  const enter = (conversation: Pick<Conversation, 'id' | 'user_id' | 'folder'>) => {
    const entry = open.get(conversation.id) ?? {
      feed: createConversationFeed({ ...options, conversation }),
      pages: 0,
    }
    open.set(conversation.id, entry)
    entry.pages += 1
    return entry
  }
  const leave = (id: number): void => {
    const entry = open.get(id)
    if (entry === undefined) return
    entry.pages -= 1
    setTimeout(() => {
      if (entry.pages > 0 || open.get(id) !== entry) return
      open.delete(id)
      entry.feed.close()
    }, lingerMs).unref()
  }

  return {
    get size() {
      return open.size
    },
    live: (conversationId, turnId) => open.get(conversationId)?.feed.live(turnId) ?? null,
    placeOf: (conversationId) => open.get(conversationId)?.feed.place ?? null,
    isUnfinished: (ids) => ids.some((id) => open.get(id)?.feed.isUnfinished() === true),
    async join(conversation, { from, at, receive }) {
      const { feed } = enter(conversation)
      try {
        const part = await feed.join(from, at, receive)
        return () => {
          part()
          leave(conversation.id)
        }
      } catch (error) {
        leave(conversation.id)
        throw error
      }
    },
    refresh() {
      for (const { feed } of open.values()) feed.refresh()
    },
    close() {
      for (const { feed } of open.values()) feed.close()
      open.clear()
    },
  }
}
