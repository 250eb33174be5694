import type { Knex } from 'knex'

/** Names of the columns on the host's conversation table. */
export interface ConversationColumns {
  /** Primary key. Default: `id`. */
  readonly id: string
  /** Title for new upstream sessions, or null when the table has none. Default: null. */
  readonly title: string | null
  /** The upstream session. Default: `opencode_session_id`. */
  readonly sessionId: string
  /** Tokens of the session and of mints that did not end, separated by spaces. Default: `opencode_mint_tokens`. */
  readonly mintTokens: string
  /** The mint that runs now. Default: `opencode_mint_claim`. */
  readonly mintClaim: string
  /** When another worker may take the mint over. Default: `opencode_mint_expires_at`. */
  readonly mintExpiresAt: string
  /** Number of the newest claim. Default: `turn_fence`. */
  readonly turnFence: string
  /** Who holds the turn lease; null when nobody does. Default: `turn_owner`. */
  readonly turnOwner: string
  /** The message of the newest claim. Default: `turn_id`. */
  readonly turnId: string
  /** When the turn lease expires. Default: `turn_expires_at`. */
  readonly turnExpiresAt: string
}

/** Names of the columns on the host's message table. */
export interface MessageColumns {
  /** Primary key. Default: `id`. */
  readonly id: string
  /** Foreign key of the conversation. Default: `conversation_id`. */
  readonly conversationId: string
  /** A {@link TurnStatus}; null on messages that are no turn. Default: `status`. */
  readonly status: string
  /** Number of the claim under which it runs or ran. Default: `turn_fence`. */
  readonly turnFence: string
  /** Default: `prompt_id`. */
  readonly promptId: string
  /** Default: `prompt_session_id`. */
  readonly promptSessionId: string
  /** JSON array. Default: `prompt_part_ids`. */
  readonly promptPartIds: string
  /** Default: `prompt_runs`. */
  readonly promptRuns: string
  /** JSON. Default: `reply`. */
  readonly reply: string
  /** Default: `text`. */
  readonly text: string
  /** Default: `reasoning`. */
  readonly reasoning: string
  /** Default: `cost`. */
  readonly cost: string
  /** Default: `input_tokens`. */
  readonly inputTokens: string
  /** Default: `output_tokens`. */
  readonly outputTokens: string
  /** Default: `reasoning_tokens`. */
  readonly reasoningTokens: string
  /** Default: `cache_read_tokens`. */
  readonly cacheReadTokens: string
  /** Default: `cache_write_tokens`. */
  readonly cacheWriteTokens: string
  /** Default: `error_code`. */
  readonly errorCode: string
  /** Default: `error_message`. */
  readonly errorMessage: string
  /** Default: `reason`. */
  readonly reason: string
  /** Default: `finish`. */
  readonly finish: string
  /** Milliseconds since the epoch. Default: `started_at`. */
  readonly startedAt: string
  /** Milliseconds since the epoch. Default: `settled_at`. */
  readonly settledAt: string
}

/** One of the host's tables. */
export interface TableOptions<Columns> {
  /** Its name, `schema.table` where it is not on the search path. */
  readonly table?: string
  /** Columns whose names differ from the defaults. */
  readonly columns?: Partial<Columns>
}

/** @internal */
export interface Table<Columns> {
  readonly table: string
  readonly columns: Columns
}

/** @internal What every statement needs. */
export interface Tables {
  readonly knex: () => Knex
  readonly conversations: Table<ConversationColumns>
  readonly messages: Table<MessageColumns>
}

const conversationDefaults: ConversationColumns = {
  id: 'id',
  title: null,
  sessionId: 'opencode_session_id',
  mintTokens: 'opencode_mint_tokens',
  mintClaim: 'opencode_mint_claim',
  mintExpiresAt: 'opencode_mint_expires_at',
  turnFence: 'turn_fence',
  turnOwner: 'turn_owner',
  turnId: 'turn_id',
  turnExpiresAt: 'turn_expires_at',
}

const messageDefaults: MessageColumns = {
  id: 'id',
  conversationId: 'conversation_id',
  status: 'status',
  turnFence: 'turn_fence',
  promptId: 'prompt_id',
  promptSessionId: 'prompt_session_id',
  promptPartIds: 'prompt_part_ids',
  promptRuns: 'prompt_runs',
  reply: 'reply',
  text: 'text',
  reasoning: 'reasoning',
  cost: 'cost',
  inputTokens: 'input_tokens',
  outputTokens: 'output_tokens',
  reasoningTokens: 'reasoning_tokens',
  cacheReadTokens: 'cache_read_tokens',
  cacheWriteTokens: 'cache_write_tokens',
  errorCode: 'error_code',
  errorMessage: 'error_message',
  reason: 'reason',
  finish: 'finish',
  startedAt: 'started_at',
  settledAt: 'settled_at',
}

/** @internal */
export function conversationTable(
  options: TableOptions<ConversationColumns> = {},
): Table<ConversationColumns> {
  return {
    table: options.table ?? 'conversations',
    columns: withDefaults('conversations.columns', conversationDefaults, options.columns),
  }
}

/** @internal */
export function messageTable(options: TableOptions<MessageColumns> = {}): Table<MessageColumns> {
  return {
    table: options.table ?? 'messages',
    columns: withDefaults('messages.columns', messageDefaults, options.columns),
  }
}

function withDefaults<Columns extends object>(
  option: string,
  defaults: Columns,
  given: Partial<Columns> = {},
): Columns {
  for (const name of Object.keys(given)) {
    if (!(name in defaults)) {
      const known = Object.keys(defaults).join(', ')
      throw new TypeError(`\`${option}.${name}\` is not a column of a turn. Known: ${known}.`)
    }
  }
  return { ...defaults, ...given }
}
