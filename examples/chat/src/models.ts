import { Model } from 'objection'

/** A conversation as the application sees it; what a turn needs of the row is the store's. */
export class Conversation extends Model {
  static override tableName = 'conversations'

  declare id: number
  declare title: string
  declare created_at: number
}

/** What a person wrote; the reply to it is in the same row. */
export class Message extends Model {
  static override tableName = 'messages'

  declare id: number
  declare conversation_id: number
  declare body: string
  declare created_at: number
  declare status: string
}
