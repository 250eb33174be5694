import { createSessionStore, type SessionStore, type TurnRecord } from '@turnstead/session'
import type { Knex } from 'knex'
import { Conversation, Message } from './models.js'

/** A message and its turn. */
export interface ChatMessage {
  readonly id: number
  readonly conversationId: number
  readonly body: string
  readonly turn: TurnRecord
}

/** What the application asks of the database. Ids that are null find nothing. */
export interface ChatRows {
  /** What `runTurn` writes through. */
  readonly store: SessionStore
  listConversations(): Promise<
    { readonly id: number; readonly title: string; readonly at: number }[]
  >
  findConversation(id: number | null): Promise<Conversation | null>
  findMessage(id: number | null): Promise<ChatMessage | null>
  /** A conversation and its first message, which names it. */
  startConversation(body: string): Promise<ChatMessage>
  addMessage(conversationId: number, body: string): Promise<ChatMessage>
  /** The newest turns, oldest first. */
  latestTurns(
    conversationId: number,
  ): Promise<{ readonly messages: ChatMessage[]; readonly hasOlder: boolean }>
  turnsFrom(conversationId: number, firstId: number): Promise<ChatMessage[]>
  /** The turn that runs or is next; null when all are over. */
  firstOpenTurn(conversationId: number): Promise<number | null>
  /** All turns that are not over, oldest first. */
  openTurns(): Promise<ChatMessage[]>
}

/** A page shows this many turns; more would make it slow, not more useful. */
const maxTurns = 100
const maxConversations = 100
const maxTitleLength = 80

export function createChatRows(knex: Knex): ChatRows {
  const conversations = Conversation.bindKnex(knex)
  const messages = Message.bindKnex(knex)
  const store = createSessionStore({ knex, conversations: { columns: { title: 'title' } } })

  async function withTurn(message: Message | undefined): Promise<ChatMessage | null> {
    const turn = message === undefined ? null : await store.read(message.id)
    if (message === undefined || turn === null) return null
    return { id: message.id, conversationId: message.conversation_id, body: message.body, turn }
  }

  async function withTurns(found: readonly Message[]): Promise<ChatMessage[]> {
    const all = await Promise.all(found.map(withTurn))
    return all.filter((message) => message !== null)
  }

  async function insertMessage(conversationId: number, body: string): Promise<ChatMessage> {
    const { id } = await messages
      .query()
      .insert({ conversation_id: conversationId, body, status: 'pending', created_at: Date.now() })
    const message = await withTurn(await messages.query().findById(id))
    if (message === null) throw new Error(`Message ${id} vanished right after its insert.`)
    return message
  }

  return {
    store,
    async listConversations() {
      const found = await conversations.query().orderBy('id', 'desc').limit(maxConversations)
      return found.map(({ id, title, created_at }) => ({ id, title, at: Number(created_at) }))
    },
    findConversation: async (id) =>
      id === null ? null : ((await conversations.query().findById(id)) ?? null),
    findMessage: async (id) => (id === null ? null : withTurn(await messages.query().findById(id))),
    async startConversation(body) {
      const title = toTitle(body)
      const { id } = await conversations.query().insert({ title, created_at: Date.now() })
      return insertMessage(id, body)
    },
    addMessage: insertMessage,
    async latestTurns(conversationId) {
      const found = await messages
        .query()
        .where('conversation_id', conversationId)
        .orderBy('id', 'desc')
        .limit(maxTurns + 1)
      const shown = found.slice(0, maxTurns).toReversed()
      return { messages: await withTurns(shown), hasOlder: found.length > maxTurns }
    },
    turnsFrom: async (conversationId, firstId) =>
      withTurns(
        await messages
          .query()
          .where('conversation_id', conversationId)
          .where('id', '>=', firstId)
          .orderBy('id')
          .limit(maxTurns),
      ),
    async firstOpenTurn(conversationId) {
      const open = await messages
        .query()
        .where('conversation_id', conversationId)
        .whereIn('status', ['pending', 'running'])
        .orderBy('id')
        .first()
      return open?.id ?? null
    },
    openTurns: async () =>
      withTurns(await messages.query().whereIn('status', ['pending', 'running']).orderBy('id')),
  }
}

function toTitle(body: string): string {
  const line = body.trim().split('\n', 1)[0] ?? ''
  return line.length > maxTitleLength ? `${line.slice(0, maxTitleLength - 1).trimEnd()}…` : line
}
