import type { MessageWithParts } from '../../models.js'

/** Which page of messages to read. */
export interface PageQuery {
  /** At most so many, newest page first. */
  limit: number
  /** `nextCursor` of the page before: continue with older messages. */
  before?: string | undefined
}

/** Some of a session's messages. */
export interface MessagePage {
  /** Oldest first. */
  readonly messages: MessageWithParts[]
  /** Where older messages continue; `null` when there are none. */
  readonly nextCursor: string | null
}
