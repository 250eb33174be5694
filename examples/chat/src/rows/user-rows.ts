import { randomUUID } from 'node:crypto'
import type { KnexSessionStore } from '@turnstead/session'
import type { Knex } from 'knex'
import { createConversationList, type ConversationList } from './conversation-list.js'
import type { Conversation, Message } from './models.js'
import { hasFilesOf, isSameMessage, sendKeyOf } from './send-key.js'
import { assertReplaceable, CannotReplace, type NotReplaced, standing } from './replaced-turns.js'
import { openStatuses } from './open-statuses.js'
import type { SpareFolders } from './spare-folders.js'
import type { TurnQueue } from './turn-queue.js'
import type { Written } from './written.js'

/** A message that is kept. */
export interface Sent {
  readonly message: Message
  /** False for one that was sent before; then its files are those that came first. */
  readonly isNew: boolean
}

/** What the application asks of the database for one user; what is not theirs is not there. */
export interface UserRows {
  /** Their conversations as the list shows them. */
  readonly list: ConversationList
  findConversation(id: number | null): Promise<Conversation | null>
  /** Those of these that are theirs. */
  findConversations(ids: readonly number[]): Promise<Conversation[]>
  findMessage(id: number | null): Promise<Message | null>
  /** A conversation and its first message, which names it. */
  startConversation(written: Written): Promise<Sent>
  /** Of a conversation that was found before. */
  addMessage(conversationId: number, written: Written): Promise<Sent>
  /**
   * Asks this in the place of a message that was found before, and of all that came after that. `open`: something of the conversation is
   * not over, and the agent cannot forget what it is at. `replaced`: that was asked anew already.
   */
  replaceMessage(earlier: Message, written: Written): Promise<Sent | NotReplaced>
  /** Whether what was sent is a message. Of what has no key that is not known, so it may be. */
  isKept(written: Written): Promise<boolean>
  /** Whether something of theirs runs, waits, or is being put in order. */
  isBusy(): Promise<boolean>
}

export interface UserRowsOptions {
  readonly knex: Knex
  readonly conversations: typeof Conversation
  readonly messages: typeof Message
  readonly store: Pick<KnexSessionStore, 'enqueue'>
  readonly queue: TurnQueue
  readonly spareFolders: Pick<SpareFolders, 'take'>
  readonly userId: string
  readonly onError: (error: unknown, where: string) => void
}

const maxTitleLength = 80
/** So long after the end of a turn its files may come. */
const tidyMs = 30_000

export function createUserRows(options: UserRowsOptions): UserRows {
  const { knex, conversations, messages, store, queue, spareFolders, userId, onError } = options
  const theirs = () => conversations.query().where('user_id', userId)

  /** To its end the transaction alone writes messages of the conversation: else what comes now would be replaced as well. */
  const hold = async (trx: Knex, conversationId: number): Promise<void> => {
    await conversations.query(trx).findById(conversationId).select('id').forUpdate()
  }

  /** The row and its job, or neither. */
  async function insert(trx: Knex, conversationId: number, written: Written): Promise<Message> {
    const { body, uploads, prompt, key = null } = written
    const message = await messages.query(trx).insertAndFetch({
      conversation_id: conversationId,
      body,
      uploads: uploads.length === 0 ? null : JSON.stringify(uploads),
      turn_status: 'pending',
      // Whichever worker is free runs it by this.
      turn_input: { ...prompt, text: body },
      send_key: sendKeyOf(userId, key),
      created_at: Date.now(),
    })
    await queue.add(trx, { conversationId, turnId: message.id })
    return message
  }

  /** Into the line of its conversation; a process that dies before it has left a job all the same. */
  async function lineUp(
    message: Message,
    { uploads, delivery = 'queue' }: Written,
  ): Promise<Message> {
    const { id: turnId, conversationId } = message
    // Its files are put into the agent's folder before its turn, so it cannot come in the middle of another.
    await store
      .enqueue({ conversationId, turnId, delivery: uploads.length > 0 ? 'queue' : delivery })
      .catch((error: unknown) => onError(error, `turn ${turnId}, line`))
    queue.wake({ conversationId, turnId })
    return message
  }

  async function sentBefore({ key = null }: Written): Promise<Message | null> {
    if (key === null) return null
    return (await messages.query().findOne({ send_key: sendKeyOf(userId, key) })) ?? null
  }

  /** Keeps it once, however often and however close together it is sent. */
  async function once(
    written: Written,
    toConversation: number | null,
    write: (trx: Knex, written: Written) => Promise<Message>,
  ): Promise<Sent> {
    const keep = async (what: Written): Promise<Sent> => {
      const message = await knex.transaction((trx) => write(trx, what))
      return { message: await lineUp(message, what), isNew: true }
    }
    const repeat = async (before: Message): Promise<Sent> =>
      isSameMessage(before, written, toConversation)
        ? { message: before, isNew: hasFilesOf(before, written) }
        : // A form that was gone back to, with other words in it.
          await keep({ ...written, key: null })

    const before = await sentBefore(written)
    if (before !== null) return await repeat(before)
    try {
      return await keep(written)
    } catch (error) {
      // The same may have come in the meantime; or this was kept, and only the word of it was lost.
      const meanwhile = await sentBefore(written).catch(() => null)
      if (meanwhile === null) throw error
      return await repeat(meanwhile)
    }
  }

  return {
    list: createConversationList({ conversations, messages, userId }),
    findConversation: async (id) => (id === null ? null : ((await theirs().findById(id)) ?? null)),
    findConversations: async (ids) => theirs().whereIn('id', [...ids]),
    findMessage: async (id) =>
      id === null
        ? null
        : ((await messages
            .query()
            .findById(id)
            .whereIn('conversation_id', theirs().select('id'))) ?? null),
    startConversation: async (written) =>
      once(written, null, async (trx, what) => {
        const { id } = await conversations.query(trx).insert({
          title: toTitle(what.body),
          user_id: userId,
          folder: (await spareFolders.take(trx)) ?? randomUUID(),
          created_at: Date.now(),
        })
        return await insert(trx, id, what)
      }),
    addMessage: async (conversationId, written) =>
      once(written, conversationId, async (trx, what) => {
        await hold(trx, conversationId)
        return await insert(trx, conversationId, what)
      }),
    async replaceMessage(earlier, written) {
      const { conversationId } = earlier
      try {
        return await once(written, conversationId, async (trx, what) => {
          await hold(trx, conversationId)
          await assertReplaceable(trx, messages, earlier)
          const added = await insert(trx, conversationId, what)
          await standing(trx, messages, conversationId)
            .whereBetween('id', [earlier.id, added.id - 1])
            .patch({ replaced_by: added.id })
          return added
        })
      } catch (error) {
        if (error instanceof CannotReplace) return error.reason
        throw error
      }
    },
    isKept: async (written) => written.key == null || (await sentBefore(written)) !== null,
    async isBusy() {
      const found = await messages
        .query()
        .whereIn('conversation_id', theirs().select('id'))
        .where((turn) =>
          turn
            .whereIn('turn_status', [...openStatuses])
            .orWhere((over) =>
              over.whereNull('turn_closed_at').where('turn_settled_at', '>', Date.now() - tidyMs),
            ),
        )
        .select('id')
        .first()
      return found !== undefined
    },
  }
}

function toTitle(body: string): string {
  const line = body.trim().split('\n', 1)[0] ?? ''
  return line.length > maxTitleLength ? `${line.slice(0, maxTitleLength - 1).trimEnd()}…` : line
}
