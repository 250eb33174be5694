import type { KnexSessionStore, Notifier } from '@turnstead/session'
import { createHistoryStore, type KnexHistoryStore } from '@turnstead/session/history'
import { storeFor } from '@turnstead/session/objection'
import type { Knex } from 'knex'
import { Conversation, Message } from './models.js'
import { createReplacedTurns, type ReplacedTurns } from './replaced-turns.js'
import { createSpareFolders, type SpareFolders } from './spare-folders.js'
import type { TurnQueue } from './turn-queue.js'
import { openStatuses } from './open-statuses.js'
import { createUserRows, type UserRows } from './user-rows.js'

/** What the application asks of the database. */
export interface ChatRows {
  /** What turns are written through, followed, stopped and answered by. */
  readonly store: KnexSessionStore
  /** What OpenCode knows of the conversations, for the day on which it has forgotten. */
  readonly history: KnexHistoryStore
  /** For the next conversations. */
  readonly spareFolders: SpareFolders
  /** Those in whose place another one was asked. */
  readonly replaced: ReplacedTurns
  /** What one user may see and do. */
  of(userId: string): UserRows
  /** The worker's: a turn and its conversation, whosever it is. */
  findTurn(
    turnId: number,
  ): Promise<{ readonly message: Message; readonly conversation: Conversation } | null>
  /** Says what is asked, of a turn that no worker has begun. */
  setInput(turnId: number, input: unknown): Promise<void>
  /** The newest turns, oldest first. */
  latestTurns(
    conversationId: number,
  ): Promise<{ readonly turns: Message[]; readonly hasOlder: boolean }>
  /** Those before this one, oldest first. */
  turnsBefore(
    conversationId: number,
    beforeId: number,
  ): Promise<{ readonly turns: Message[]; readonly hasOlder: boolean }>
  /** From this one on, oldest first; of very many the newest. */
  turnsFrom(conversationId: number, firstId: number): Promise<Message[]>
  findTurns(ids: readonly number[]): Promise<Message[]>
  /** The turn that runs or is next; null when all are over. */
  firstOpenTurn(conversationId: number): Promise<number | null>
  /** When the leases of these conversations end; null where there is none. */
  leaseEnds(
    conversationIds: readonly number[],
  ): Promise<readonly { readonly id: number; readonly expiresAt: number | null }[]>
  /** Turns that no one has begun, oldest first. */
  pendingTurns(): Promise<Message[]>
  /** All turns of a conversation, for their files. */
  allTurns(conversationId: number): Promise<Message[]>
  /** Removes a conversation, of which the store has nothing any more, with its messages. */
  forget(conversationId: number): Promise<void>
}

export interface ChatRowsOptions {
  readonly knex: Knex
  readonly notifier: Notifier
  readonly queue: TurnQueue
  /** No statement may take longer than a lease. */
  readonly leaseMs: number
  /** Told what went wrong beside what was asked for. Default: no one is. */
  readonly onError?: (error: unknown, where: string) => void
}

/** So many turns come with the page. */
const turnsOfPage = 20
/** And so many older ones at once, when the reader goes back to them: what is put into a page at once holds it up. */
const olderTurns = 6
/** Of those that may have changed meanwhile. */
const maxTurns = 100

export function createChatRows(options: ChatRowsOptions): ChatRows {
  const { knex, notifier, queue, leaseMs, onError = () => undefined } = options
  const conversations = Conversation.bindKnex(knex)
  const messages = Message.bindKnex(knex)
  const history = createHistoryStore({ knex })
  const spareFolders = createSpareFolders(knex)
  const store = storeFor({
    Conversation: conversations,
    Message: messages,
    // What a person called it; else the server names its session by itself.
    titleColumn: 'chosen_title',
    notifier,
    statementMs: Math.min(leaseMs / 2, 15_000),
  })

  async function pageOf(
    conversationId: number,
    beforeId: number | null = null,
    count = beforeId === null ? turnsOfPage : olderTurns,
  ): Promise<{ readonly turns: Message[]; readonly hasOlder: boolean }> {
    const found = await messages
      .query()
      .where('conversation_id', conversationId)
      .modify((query) => (beforeId === null ? query : query.where('id', '<', beforeId)))
      .orderBy('id', 'desc')
      .limit(count + 1)
    return { turns: found.slice(0, count).toReversed(), hasOlder: found.length > count }
  }

  return {
    store,
    history,
    spareFolders,
    replaced: createReplacedTurns(knex, messages),
    of: (userId) =>
      createUserRows({
        knex,
        conversations,
        messages,
        store,
        queue,
        spareFolders,
        userId,
        onError,
      }),
    async findTurn(turnId) {
      const message = await messages.query().findById(turnId)
      if (message === undefined) return null
      const conversation = await conversations.query().findById(message.conversationId)
      return conversation === undefined ? null : { message, conversation }
    },
    async setInput(turnId, input) {
      await messages
        .query()
        .patch({ turn_input: input })
        .where({ id: turnId, turn_status: 'pending' })
    },
    latestTurns: async (conversationId) => pageOf(conversationId),
    turnsBefore: async (conversationId, beforeId) => pageOf(conversationId, beforeId),
    turnsFrom: async (conversationId, firstId) => {
      const found = await messages
        .query()
        .where('conversation_id', conversationId)
        .where('id', '>=', firstId)
        .orderBy('id', 'desc')
        .limit(maxTurns)
      return found.toReversed()
    },
    findTurns: async (ids) =>
      messages
        .query()
        .whereIn('id', [...ids])
        .orderBy('id'),
    async firstOpenTurn(conversationId) {
      const found = await messages
        .query()
        .where('conversation_id', conversationId)
        .whereIn('turn_status', [...openStatuses])
        .orderBy('id')
        .select('id')
        .first()
      return found?.id ?? null
    },
    allTurns: async (conversationId) => messages.query().where('conversation_id', conversationId),
    async forget(conversationId) {
      await history.remove(conversationId)
      await messages.query().where('conversation_id', conversationId).delete()
      await conversations.query().deleteById(conversationId)
    },
    async leaseEnds(ids) {
      const found = await conversations
        .query()
        .findByIds([...ids])
        .select('id', 'turn_expires_at')
      return found.map(({ id, turn_expires_at: expiresAt }) => ({ id, expiresAt }))
    },
    pendingTurns: async () => messages.query().where('turn_status', 'pending').orderBy('id'),
  }
}
