import type { QueryBuilder } from 'objection'
import type { Conversation, Message } from './models.js'
import { openStatuses } from './open-statuses.js'

/** What a conversation is doing: the first of these that is true. */
export type ConversationState = 'asks' | 'runs' | 'failed' | 'idle'

/** A conversation as the list shows it. */
export interface ListedConversation {
  readonly id: number
  readonly title: string
  /** When something was last written in it, in epoch milliseconds. */
  readonly at: number
  readonly state: ConversationState
  /** What it cost so far, in the provider's currency. */
  readonly cost: number
}

/** What the list and its pages ask of the database: all of it is one user's. */
export interface ConversationList {
  /** Those that something was written in last, first. `search`: with these words in their title, prompts or answers. */
  all(options?: { readonly search?: string }): Promise<ListedConversation[]>
  /** Which of them `all` would list. */
  ids(): Promise<number[]>
  /** Those in which something went on since then or goes on, the newest last; of very many those that ask and run, and the newest. */
  changedSince(since: number): Promise<ListedConversation[]>
  /** One of them; null when it is not there. */
  find(id: number): Promise<ListedConversation | null>
  /** What all of them cost since then. */
  costSince(since: number): Promise<number>
  /** Names it in place of what the server, or its first message, called it. */
  rename(id: number, title: string): Promise<void>
}

const maxConversations = 100
const maxChanged = 40

export interface ConversationListOptions {
  readonly conversations: typeof Conversation
  readonly messages: typeof Message
  readonly userId: string
}

export function createConversationList({
  conversations,
  messages,
  userId,
}: ConversationListOptions): ConversationList {
  const theirs = () => conversations.query().where('conversations.user_id', userId)
  const newest = () =>
    messages.query().where('conversation_id', messages.ref('conversations.id')).max('id')
  const countOf = (turns: (turn: QueryBuilder<Message>) => void) =>
    messages
      .query()
      .where('conversation_id', messages.ref('conversations.id'))
      .where(turns)
      .count('id')
  /** So that a `%` that somebody looks for is one. */
  const like = (words: string): string => `%${words.toLowerCase().replaceAll(/[!%_]/g, '!$&')}%`

  async function listed(found: readonly Conversation[]): Promise<ListedConversation[]> {
    const ids = found.map(({ id }) => id)
    const sums = await messages
      .query()
      .whereIn('conversation_id', ids)
      .groupBy('conversation_id')
      .select('conversation_id')
      .max('id as last')
      .sum('turn_cost as cost')
    const open = await messages
      .query()
      .whereIn('conversation_id', ids)
      .whereIn('turn_status', [...openStatuses])
      .select('conversation_id', 'turn_status', 'turn_waiting_since')
    const last = await messages
      .query()
      .findByIds(sums.map((sum) => Number(Reflect.get(sum, 'last'))))
      .select('conversation_id', 'turn_status', 'turn_error_code', 'created_at')
    const of = <Row extends Message>(rows: readonly Row[], id: number): Row[] =>
      rows.filter((row) => row.conversationId === id)
    return found.map((conversation) => {
      const [sum] = of(sums, conversation.id)
      const [newest] = of(last, conversation.id)
      return {
        id: conversation.id,
        title: conversation.shownTitle,
        at: Number(newest?.created_at ?? conversation.created_at),
        state: stateOf(of(open, conversation.id), newest),
        cost: sum === undefined ? 0 : Number(Reflect.get(sum, 'cost') ?? 0),
      }
    })
  }

  return {
    async all({ search = '' } = {}) {
      const query = theirs().orderBy(newest(), 'desc').limit(maxConversations)
      const words = search.trim()
      if (words !== '') {
        const pattern = like(words)
        const matches = (column: string): [string, string[]] => [
          `lower(??) like ? escape '!'`,
          [column, pattern],
        ]
        const inMessages = messages
          .query()
          .where('conversation_id', messages.ref('conversations.id'))
          .where((either) => {
            either.whereRaw(...matches('body')).orWhereRaw(...matches('turn_text'))
          })
        query.where((either) => {
          for (const column of ['title', 'opencode_title', 'chosen_title']) {
            either.orWhereRaw(...matches(`conversations.${column}`))
          }
          either.orWhereExists(inMessages)
        })
      }
      return listed(await query)
    },
    async ids() {
      const found = await theirs().orderBy(newest(), 'desc').limit(maxConversations).select('id')
      return found.map(({ id }) => id)
    },
    async changedSince(since) {
      const recent = messages
        .query()
        .select('conversation_id')
        .where((turn) => {
          turn
            .whereIn('turn_status', [...openStatuses])
            .orWhere('turn_settled_at', '>', since)
            .orWhere('created_at', '>', since)
        })
      const found = await listed(
        await theirs()
          .whereIn('id', recent)
          .orderBy(countOf(asks), 'desc')
          .orderBy(countOf(isOpen), 'desc')
          .orderBy(newest(), 'desc')
          .limit(maxChanged),
      )
      return found.sort((one, other) => one.at - other.at)
    },
    async find(id) {
      const conversation = await theirs().findById(id)
      return conversation === undefined ? null : ((await listed([conversation]))[0] ?? null)
    },
    async costSince(since) {
      const [sum] = await messages
        .query()
        .where('created_at', '>=', since)
        .whereIn('conversation_id', theirs().select('id'))
        .sum('turn_cost as cost')
      return sum === undefined ? 0 : Number(Reflect.get(sum, 'cost') ?? 0)
    },
    async rename(id, title) {
      await theirs().findById(id).patch({ chosen_title: title })
    },
  }
}

function stateOf(open: readonly Message[], newest: Message | undefined): ConversationState {
  const asks = open.some(
    ({ turn_status: status, turn_waiting_since: since }) => status === 'waiting' || since !== null,
  )
  if (asks) return 'asks'
  if (open.length > 0) return 'runs'
  // That the reader said no is no failure.
  const isFailed = newest?.turn_status === 'failed' && newest.turn_error_code !== 'ask_rejected'
  return isFailed ? 'failed' : 'idle'
}

function isOpen(turn: QueryBuilder<Message>): void {
  turn.whereIn('turn_status', [...openStatuses])
}

function asks(turn: QueryBuilder<Message>): void {
  isOpen(turn)
  turn.where((either) => {
    either.where('turn_status', 'waiting').orWhereNotNull('turn_waiting_since')
  })
}
