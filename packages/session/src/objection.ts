/**
 * Turns on Objection models. The mixins type the columns, give JSON and 64-bit columns their JavaScript values, and add the
 * verbs; `storeFor` makes the store over the two classes.
 *
 *     class Conversation extends ConversationMixin(Model) { static tableName = 'conversations' as const }
 *     class Message extends MessageMixin(Model) { static tableName = 'messages' as const }
 *     const store = storeFor({ Conversation, Message })
 */
export { ConversationMixin } from './objection/conversation-mixin.js'
export type { ConversationMembers } from './objection/conversation-mixin.js'
export { MessageMixin } from './objection/message-mixin.js'
export type { MessageMembers } from './objection/message-mixin.js'
export type { WithMembers } from './objection/model-class.js'
export type { KnexSessionStore } from './create-session-store.js'
export { storeFor } from './objection/store-for.js'
export type { StoreForOptions } from './objection/store-for.js'
