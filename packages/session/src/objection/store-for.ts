import type { Knex } from 'knex'
import type { Model } from 'objection'
import { createSessionStore } from '../create-session-store.js'
import type { KnexSessionStore } from '../create-session-store.js'
import type { SessionStoreOptions } from '../session-store-options.js'
import { bindStore } from './bound-stores.js'
import type { BoundStore } from './bound-stores.js'
import type { ConversationMembers } from './conversation-mixin.js'
import type { MessageMembers } from './message-mixin.js'
import { conversationColumnsOf, inherited, messageColumnsOf } from './mixin-columns.js'
import type { WithMembers } from './model-class.js'

/** The two model classes; everything else as for `createSessionStore`. */
export interface StoreForOptions extends Omit<
  SessionStoreOptions,
  'knex' | 'conversations' | 'messages'
> {
  /** A class made with `ConversationMixin`. */
  readonly Conversation: WithMembers<typeof Model, ConversationMembers>
  /** A class made with `MessageMixin`. */
  readonly Message: WithMembers<typeof Model, MessageMembers>
  /** The conversation's title column, when new upstream sessions are to carry it. Default: none. */
  readonly titleColumn?: string
}

/**
 * The store over two model classes: their tables, key columns and column names. Knex is taken from `Conversation` when a
 * verb needs it, so `Model.knex(knex)` may come later.
 */
export function storeFor(options: StoreForOptions): KnexSessionStore {
  const { Conversation, Message, titleColumn, ...rest } = Object(options) as StoreForOptions
  const conversations = inherited(
    conversationColumnsOf,
    Object(Conversation) as typeof Conversation,
  )
  if (conversations === undefined) {
    throw new TypeError('`Conversation` must extend `ConversationMixin(…)`.')
  }
  const messages = inherited(messageColumnsOf, Object(Message) as typeof Message)
  if (messages === undefined) throw new TypeError('`Message` must extend `MessageMixin(…)`.')
  const tables: Omit<SessionStoreOptions, 'knex'> = {
    ...rest,
    conversations: {
      table: Conversation.tableName,
      columns: {
        ...conversations,
        id: keyOf('Conversation', Conversation.idColumn),
        title: titleColumn ?? conversations.title,
      },
    },
    messages: {
      table: Message.tableName,
      columns: { ...messages, id: keyOf('Message', Message.idColumn) },
    },
  }
  const knex = (): Knex => Conversation.knex()
  const bound: BoundStore = {
    store: createSessionStore({ ...tables, knex }),
    knex,
    openOn: (other) => createSessionStore({ ...tables, knex: other }),
  }
  bindStore(Conversation, bound)
  bindStore(Message, bound)
  return bound.store
}

function keyOf(name: string, idColumn: string | string[]): string {
  if (typeof idColumn === 'string') return idColumn
  throw new TypeError(`\`${name}\` has a composite key; a turn needs a single key column.`)
}
