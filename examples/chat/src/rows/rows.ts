import type { Upload } from '@turnstead/artifacts/uploads'
import { createLocalNotifier, type SessionStore } from '@turnstead/session'
import { createHistoryStore } from '@turnstead/session/history'
import { storeFor } from '@turnstead/session/objection'
import type { HistoryStore } from '@turnstead/turn'
import type { Knex } from 'knex'
import { Conversation, Message } from './models.js'

/** What a person sent. */
export interface Written {
  readonly body: string
  readonly uploads: readonly Upload[]
}

/** What the application asks of the database. Ids that are null find nothing. */
export interface ChatRows {
  /** What `runTurn` writes through. */
  readonly store: SessionStore
  /** What OpenCode knows of the conversations, for the day on which it has forgotten. */
  readonly history: HistoryStore
  listConversations(): Promise<Conversation[]>
  findConversation(id: number | null): Promise<Conversation | null>
  findMessage(id: number | null): Promise<Message | null>
  /** A conversation and its first message, which names it. */
  startConversation(written: Written): Promise<Message>
  addMessage(conversationId: number, written: Written): Promise<Message>
  /** The newest turns, oldest first. */
  latestTurns(
    conversationId: number,
  ): Promise<{ readonly turns: Message[]; readonly hasOlder: boolean }>
  turnsFrom(conversationId: number, firstId: number): Promise<Message[]>
  /** The turn that runs or is next; null when all are over. */
  firstOpenTurn(conversationId: number): Promise<number | null>
  /** All turns that are not over, oldest first. */
  openTurns(): Promise<Message[]>
}

/** A page shows this many turns; more would make it slow, not more useful. */
const maxTurns = 100
const maxConversations = 100
const maxTitleLength = 80

export function createChatRows(knex: Knex): ChatRows {
  const conversations = Conversation.bindKnex(knex)
  const messages = Message.bindKnex(knex)
  const store = storeFor({
    Conversation: conversations,
    Message: messages,
    titleColumn: 'title',
    // An answer reaches a turn of this process at once; one of another process finds it in the row.
    notifier: createLocalNotifier(),
  })
  const open = ['pending', 'running']

  const addMessage = async (conversationId: number, { body, uploads }: Written): Promise<Message> =>
    messages.query().insertAndFetch({
      conversation_id: conversationId,
      body,
      uploads: uploads.length === 0 ? null : JSON.stringify(uploads),
      turn_status: 'pending',
      created_at: Date.now(),
    })

  return {
    store,
    history: createHistoryStore({ knex }),
    listConversations: async () =>
      conversations.query().orderBy('id', 'desc').limit(maxConversations),
    findConversation: async (id) =>
      id === null ? null : ((await conversations.query().findById(id)) ?? null),
    findMessage: async (id) =>
      id === null ? null : ((await messages.query().findById(id)) ?? null),
    async startConversation(written) {
      const title = toTitle(written.body)
      const { id } = await conversations.query().insert({ title, created_at: Date.now() })
      return addMessage(id, written)
    },
    addMessage,
    async latestTurns(conversationId) {
      const found = await messages
        .query()
        .where('conversation_id', conversationId)
        .orderBy('id', 'desc')
        .limit(maxTurns + 1)
      return { turns: found.slice(0, maxTurns).toReversed(), hasOlder: found.length > maxTurns }
    },
    turnsFrom: async (conversationId, firstId) =>
      messages
        .query()
        .where('conversation_id', conversationId)
        .where('id', '>=', firstId)
        .orderBy('id')
        .limit(maxTurns),
    async firstOpenTurn(conversationId) {
      const found = await messages
        .query()
        .where('conversation_id', conversationId)
        .whereIn('turn_status', open)
        .orderBy('id')
        .first()
      return found?.id ?? null
    },
    openTurns: async () => messages.query().whereIn('turn_status', open).orderBy('id'),
  }
}

function toTitle(body: string): string {
  const line = body.trim().split('\n', 1)[0] ?? ''
  return line.length > maxTitleLength ? `${line.slice(0, maxTitleLength - 1).trimEnd()}…` : line
}
