import type { Upload } from '@turnstead/artifacts/uploads'
import { ConversationMixin, MessageMixin } from '@turnstead/session/objection'
import { Model } from 'objection'

/** A conversation. The mixin adds the upstream session and the lease. */
export class Conversation extends ConversationMixin(Model) {
  static override tableName = 'conversations' as const

  declare id: number
  declare title: string
  declare created_at: number | string
}

/** What a person wrote. The mixin adds the turn: status, reply, cost, tokens. */
export class Message extends MessageMixin(Model) {
  static override tableName = 'messages' as const

  declare id: number
  declare body: string
  /** Files that came with it, as JSON; null for none. */
  declare uploads: string | null
  declare created_at: number | string

  get conversationId(): number {
    return Number(this.conversation_id)
  }

  get files(): readonly Upload[] {
    return this.uploads === null ? [] : (JSON.parse(this.uploads) as Upload[])
  }
}
