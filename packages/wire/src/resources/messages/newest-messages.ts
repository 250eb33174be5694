import { WireError } from '../../errors.js'
import type { MessageWithParts } from '../../models.js'
import type { MessagePage, PageQuery } from './message-page.js'

/** How far back to read. */
export interface NewestQuery {
  /** At most so many messages, from 1. */
  limit: number
  /** Stop once this message has been read. Default: read `limit` messages. */
  backTo?: string | undefined
}

/** The newest messages of a session, as far back as they could be read. */
export interface NewestMessages {
  /** Oldest first, without a hole: the newest message of the session is the last one. */
  readonly messages: MessageWithParts[]
  /**
   * Why there are no older ones: `start`: the session has none. `limit`: as many as asked for. `found`: `backTo` is
   * among them. `unreadable`: the server cannot write down the next older one (a user message with a `format`).
   * `too_large`: the next older one is larger than `limits.responseBytes`.
   */
  readonly reached: 'start' | 'limit' | 'found' | 'unreadable' | 'too_large'
  /** Where older messages continue, for `page`; null when there are none, and where they could not be read. */
  readonly nextCursor: string | null
}

/**
 * Reads page by page from the newest message on. A page that the server cannot write down, or that is too large, is
 * asked for again at half its size, so one bad message costs what is older than it and nothing else.
 */
export async function readNewest(
  readPage: (query: PageQuery) => Promise<MessagePage>,
  { limit, backTo }: NewestQuery,
): Promise<NewestMessages> {
  assertLimit(limit)
  let messages: MessageWithParts[] = []
  let before: string | undefined
  let size = limit
  for (;;) {
    try {
      const page = await readPage({ limit: Math.min(size, limit - messages.length), before })
      const { nextCursor } = page
      messages = [...page.messages, ...messages]
      if (page.messages.some(({ info }) => info.id === backTo))
        return { messages, reached: 'found', nextCursor }
      if (nextCursor === null) return { messages, reached: 'start', nextCursor }
      if (messages.length >= limit) return { messages, reached: 'limit', nextCursor }
      before = nextCursor
    } catch (error) {
      const reason = whyTooMuch(error)
      if (reason === null) throw error
      if (size === 1) return { messages, reached: reason, nextCursor: null }
      size = Math.floor(Math.min(size, limit - messages.length) / 2) || 1
    }
  }
}

function whyTooMuch(error: unknown): 'unreadable' | 'too_large' | null {
  if (!WireError.is(error)) return null
  if (error.code === 'unreadable_entry') return 'unreadable'
  return error.code === 'response_too_large' ? 'too_large' : null
}

function assertLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit > 0) return
  throw new RangeError('`limit` must be a whole number from 1')
}
