import type { Model, Pojo } from 'objection'
import type { AnswerRequest, AnswerResult } from '../store/ask-verbs.js'
import type { RowId, TurnRecord, TurnStatus } from '../records.js'
import type { ClaimRequest, ClaimResult } from '../session-store.js'
import { messageTable } from '../tables.js'
import type { MessageColumns, TableOptions } from '../tables.js'
import { storeOf } from './bound-stores.js'
import { formatColumns, parseColumns, spellings } from './column-values.js'
import { messageColumnsOf } from './mixin-columns.js'
import type { WithMembers } from './model-class.js'
import { withoutStaleColumns } from './stored-instances.js'

/** What a message model gets. Columns carry their default names; with others, `readTurn` has them all. */
export interface MessageMembers {
  /** The conversation's key. */
  conversation_id: RowId
  /** Where the turn stands; null on messages that are none. Insert `pending` to make a message a turn. */
  turn_status: TurnStatus | null
  /** What the user asked, as JSON; null when it was not stored. */
  readonly turn_input: unknown
  /** Id of the user message on the server. */
  readonly turn_prompt_id: string | null
  /** Whether the agent has forgotten what was said before, because its session was gone. */
  readonly turn_session_recreated: boolean
  /** The reply as JSON. */
  readonly turn_reply: unknown
  /** The reply's text. */
  readonly turn_text: string | null
  /** The reply's reasoning. */
  readonly turn_reasoning: string | null
  /** Cost in the provider's currency. */
  readonly turn_cost: number
  /** Input tokens that no cache served. */
  readonly turn_input_tokens: number
  /** Output tokens without reasoning. */
  readonly turn_output_tokens: number
  /** Reasoning tokens. */
  readonly turn_reasoning_tokens: number
  /** Input tokens read from the provider's cache. */
  readonly turn_cache_read_tokens: number
  /** Input tokens written to the provider's cache. */
  readonly turn_cache_write_tokens: number
  /** What went wrong, to switch on. */
  readonly turn_error_code: string | null
  /** What went wrong, for people. */
  readonly turn_error_message: string | null
  /** The provider's HTTP status, when the provider failed. */
  readonly turn_error_status: number | null
  /** The provider's message, when the provider failed. */
  readonly turn_error_detail: string | null
  /** Why it ended as it did. */
  readonly turn_reason: string | null
  /** The model's finish reason. */
  readonly turn_finish: string | null
  /** When it was claimed first, in milliseconds since the epoch. */
  readonly turn_started_at: number | null
  /** When it became terminal, in milliseconds since the epoch. */
  readonly turn_settled_at: number | null
  /** When all that follows the end was done, in milliseconds since the epoch. */
  readonly turn_closed_at: number | null
  /** Permissions and questions of the agent with their answers, as JSON. */
  readonly turn_asks: unknown
  /** Since when the turn waits for a person, in milliseconds since the epoch; null when it does not. */
  readonly turn_waiting_since: number | null
  /** When a `waiting` turn is to be taken by a worker, in milliseconds since the epoch. */
  readonly turn_due_at: number | null
  /** Counts the writes to the turn. */
  readonly turn_revision: number
  /** `SessionStore.claim` for this row. */
  claimTurn(request: Omit<ClaimRequest, 'conversationId' | 'turnId'>): Promise<ClaimResult>
  /** `SessionStore.cancel` for this row. */
  cancelTurn(options?: { readonly reason?: string | null }): Promise<boolean>
  /** `SessionStore.answerAsk` for this row. */
  answerAsk(request: Omit<AnswerRequest, 'turnId'>): Promise<AnswerResult>
  /** `SessionStore.read` for this row: the turn as it stands now, not as it was loaded. */
  readTurn(): Promise<TurnRecord | null>
}

/**
 * A model class for messages. Its verbs work once `storeFor` was called with the class. A loaded instance that is written
 * back leaves the turn's columns alone, `turn_status` among them; plain values, as in `patch({ turn_status: 'pending' })`, are written.
 *
 * @example
 *     class Message extends MessageMixin(Model, { prefix: 'ai_' }) {
 *       static override tableName = 'messages' as const
 *     }
 */
export function MessageMixin<Base extends typeof Model>(
  base: Base,
  options: Omit<TableOptions<MessageColumns>, 'table'> = {},
): WithMembers<Base, MessageMembers> {
  const { columns } = messageTable(options)
  const json = [
    ...[columns.reply, columns.promptPartIds, columns.promptInput, columns.asks],
    columns.files,
  ]
  const booleans = [columns.sessionRecreated]
  const numbers = [
    columns.turnFence,
    columns.turnRevision,
    columns.promptRuns,
    columns.inputTokens,
    columns.outputTokens,
    columns.reasoningTokens,
    columns.cacheReadTokens,
    columns.cacheWriteTokens,
    columns.startedAt,
    columns.settledAt,
    columns.closedAt,
    columns.asksRevision,
    columns.waitingSince,
    columns.dueAt,
    columns.pendingSince,
    columns.queuePosition,
  ]

  class TurnMessage extends withoutStaleColumns(base, columns) {
    override $parseDatabaseJson(row: Pojo): Pojo {
      return super.$parseDatabaseJson(parseColumns(row, { numbers, json, booleans }))
    }

    override $formatDatabaseJson(row: Pojo): Pojo {
      return formatColumns(super.$formatDatabaseJson(row), json)
    }

    claimTurn(request: Omit<ClaimRequest, 'conversationId' | 'turnId'>): Promise<ClaimResult> {
      const conversationId = conversationIdOf(this, columns.conversationId)
      return storeOf(this).claim({ ...request, conversationId, turnId: this.$id() as RowId })
    }

    cancelTurn(request: { readonly reason?: string | null } = {}): Promise<boolean> {
      return storeOf(this).cancel({ ...request, turnId: this.$id() as RowId })
    }

    answerAsk(request: Omit<AnswerRequest, 'turnId'>): Promise<AnswerResult> {
      return storeOf(this).answerAsk({ ...request, turnId: this.$id() as RowId })
    }

    readTurn(): Promise<TurnRecord | null> {
      return storeOf(this).read(this.$id() as RowId)
    }
  }
  messageColumnsOf.set(TurnMessage, columns)
  return TurnMessage as unknown as WithMembers<Base, MessageMembers>
}

/** Under the column's own name, or under the one that a name mapping of the model or of Knex gave it. */
function conversationIdOf(message: Model, column: string): RowId {
  const modelClass = message.constructor as unknown as typeof Model
  const names = [modelClass.columnNameToPropertyName(column), ...spellings(column)]
  const name = names.find((known) => known in message)
  const id = name === undefined ? undefined : (message as unknown as Record<string, unknown>)[name]
  if (typeof id === 'string' || typeof id === 'number' || typeof id === 'bigint') return id
  throw new TypeError(`\`${names[0]}\` is not loaded: select it before \`claimTurn\`.`)
}
