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
  declare created_at: number | string

  get conversationId(): number {
    return Number(this.conversation_id)
  }
}
