import type { Upload } from '@turnstead/artifacts/uploads'
import { ConversationMixin, MessageMixin } from '@turnstead/session/objection'
import { Model } from 'objection'

/** A conversation. The mixin adds the upstream session and the lease. */
export class Conversation extends ConversationMixin(Model) {
  static override tableName = 'conversations' as const

  declare id: number
  /** Its first message, for as long as nobody has named it. */
  declare title: string
  /** Whose it is. */
  declare user_id: string
  /** Its folder below the workspace; null for one that is older than folders, which has the workspace itself. */
  declare folder: string | null
  /** What a person called it. */
  declare chosen_title: string | null
  declare created_at: number | string

  get shownTitle(): string {
    return this.chosen_title ?? this.opencode_title ?? this.title
  }
}

/** What is to answer a message; null for the server's default. */
export interface Chosen {
  /** As `provider/model`. */
  readonly model: string | null
  readonly agent: string | null
}

/** What a person wrote. The mixin adds the turn: status, reply, cost, tokens. */
export class Message extends MessageMixin(Model) {
  static override tableName = 'messages' as const

  declare id: number
  declare body: string
  /** Files that came with it, as JSON; null for none. */
  declare uploads: string | null
  /** What its form was sent with; null for a message that no form has sent. */
  declare send_key: string | null
  declare created_at: number | string
  /** The message that was asked in its place, or in that of one before it; null while it counts. */
  declare replaced_by: number | null
  /** It was replaced, and is not in the agent's memory any more. */
  declare is_forgotten: boolean | number

  get conversationId(): number {
    return Number(this.conversation_id)
  }

  /** What a person chose for it, beside its text. */
  get chosen(): Chosen {
    const { model, agent } = Object(this.turn_input) as { model?: unknown; agent?: unknown }
    return {
      model: typeof model === 'string' ? model : null,
      agent: typeof agent === 'string' ? agent : null,
    }
  }

  get files(): readonly Upload[] {
    return this.uploads === null ? [] : (JSON.parse(this.uploads) as Upload[])
  }
}
