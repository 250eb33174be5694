import type { Knex } from 'knex'
import type { Clock } from './clock.js'

/** Names of the columns on the host's conversation table. */
export interface ConversationColumns {
  /** Primary key. Default: `id`. */
  readonly id: string
  /** Title for new upstream sessions, or null when the table has none. Default: null. */
  readonly title: string | null
  /** The upstream session. Default: `opencode_session_id`. */
  readonly sessionId: string
  /** Keys of the session and of creations that did not end, separated by spaces. Default: `opencode_create_keys`. */
  readonly createKeys: string
  /** The creation that runs now. Default: `opencode_create_claim`. */
  readonly createClaim: string
  /** When another worker may take the creation over. Default: `opencode_create_expires_at`. */
  readonly createExpiresAt: string
  /** Fingerprint of the permission rules that the session has. Default: `opencode_rules`. */
  readonly rules: string
  /** The title that the server gave the session. Default: `opencode_title`. */
  readonly sessionTitle: string
  /** The server on which the conversation is, where there are several. Default: `opencode_server`. */
  readonly server: string
  /** Number of the newest claim. Default: `turn_fence`. */
  readonly turnFence: string
  /** Who holds the turn lease; null when no one does. Default: `turn_owner`. */
  readonly turnOwner: string
  /** Which life of the owner's process claimed. Default: `turn_instance`. */
  readonly turnInstance: string
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
  /** A {@link TurnStatus}; null on messages that are no turn. Default: `turn_status`. */
  readonly status: string
  /** Number of the claim under which it runs or ran. Default: `turn_fence`. */
  readonly turnFence: string
  /** Counts the writes to the turn: a poll that finds it unchanged need not read the rest. Default: `turn_revision`. */
  readonly turnRevision: string
  /** What the user asked, as JSON. Default: `turn_input`. */
  readonly promptInput: string
  /** Default: `turn_prompt_id`. */
  readonly promptId: string
  /** Default: `turn_prompt_session_id`. */
  readonly promptSessionId: string
  /** JSON array. Default: `turn_prompt_part_ids`. */
  readonly promptPartIds: string
  /** Default: `turn_prompt_runs`. */
  readonly promptRuns: string
  /** Whether the agent has forgotten what was said before. Default: `turn_session_recreated`. */
  readonly sessionRecreated: string
  /** JSON. Default: `turn_reply`. */
  readonly reply: string
  /** Default: `turn_text`. */
  readonly text: string
  /** Default: `turn_reasoning`. */
  readonly reasoning: string
  /** Default: `turn_cost`. */
  readonly cost: string
  /** Default: `turn_input_tokens`. */
  readonly inputTokens: string
  /** Default: `turn_output_tokens`. */
  readonly outputTokens: string
  /** Default: `turn_reasoning_tokens`. */
  readonly reasoningTokens: string
  /** Default: `turn_cache_read_tokens`. */
  readonly cacheReadTokens: string
  /** Default: `turn_cache_write_tokens`. */
  readonly cacheWriteTokens: string
  /** Default: `turn_error_code`. */
  readonly errorCode: string
  /** Default: `turn_error_message`. */
  readonly errorMessage: string
  /** The provider's HTTP status. Default: `turn_error_status`. */
  readonly errorStatus: string
  /** The provider's message. Default: `turn_error_detail`. */
  readonly errorDetail: string
  /** Default: `turn_reason`. */
  readonly reason: string
  /** Default: `turn_finish`. */
  readonly finish: string
  /** Milliseconds since the epoch. Default: `turn_started_at`. */
  readonly startedAt: string
  /** Milliseconds since the epoch. Default: `turn_settled_at`. */
  readonly settledAt: string
  /** When all that follows the end was done, in milliseconds since the epoch. Default: `turn_closed_at`. */
  readonly closedAt: string
  /** Permissions and questions of the agent with their answers, as JSON. Default: `turn_asks`. */
  readonly asks: string
  /** Counts the changes of `asks`. Default: `turn_asks_revision`. */
  readonly asksRevision: string
  /** Since when the turn waits for a person, in milliseconds since the epoch; null when it does not. Default: `turn_waiting_since`. */
  readonly waitingSince: string
  /** When a `waiting` turn is to be taken by a worker, in milliseconds since the epoch; null by an answer only. Default: `turn_due_at`. */
  readonly dueAt: string
  /** When a sweep first found the turn pending, in milliseconds since the epoch. Default: `turn_pending_since`. */
  readonly pendingSince: string
  /** W3C trace context under which the turn began. Default: `turn_trace`. */
  readonly trace: string
  /** Its place in the line of its conversation, from 1 on; 0 when it is not in it. Default: `turn_queue_position`. */
  readonly queuePosition: string
  /** A {@link Delivery}; null when it is not in the line. Default: `turn_delivery`. */
  readonly delivery: string
  /** What the host keeps of the turn's files, as JSON: what was collected, and what was left out. Default: `turn_files`. */
  readonly files: string
}

/** One of the host's tables. */
export interface TableOptions<Columns> {
  /** Its name, `schema.table` where it is not on the search path. */
  readonly table?: string
  /** Put before the name of each of our columns. Default: `turn_` for messages; none for conversations, whose names say it already. */
  readonly prefix?: string
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
  /** For the pauses between attempts. */
  readonly clock: Clock
  /** How long a statement may take, its attempts together. */
  readonly statementMs: number
  /** The table of the outbox; null when there is none. */
  readonly outbox: string | null
  /** The table of the marks of servers. */
  readonly servers: string
  readonly conversations: Table<ConversationColumns>
  readonly messages: Table<MessageColumns>
}

const conversationDefaults: ConversationColumns = {
  id: 'id',
  title: null,
  sessionId: 'opencode_session_id',
  createKeys: 'opencode_create_keys',
  createClaim: 'opencode_create_claim',
  createExpiresAt: 'opencode_create_expires_at',
  rules: 'opencode_rules',
  sessionTitle: 'opencode_title',
  server: 'opencode_server',
  turnFence: 'turn_fence',
  turnOwner: 'turn_owner',
  turnInstance: 'turn_instance',
  turnId: 'turn_id',
  turnExpiresAt: 'turn_expires_at',
}

const messageDefaults: MessageColumns = {
  id: 'id',
  conversationId: 'conversation_id',
  status: 'status',
  turnFence: 'fence',
  turnRevision: 'revision',
  promptInput: 'input',
  promptId: 'prompt_id',
  promptSessionId: 'prompt_session_id',
  promptPartIds: 'prompt_part_ids',
  promptRuns: 'prompt_runs',
  sessionRecreated: 'session_recreated',
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
  errorStatus: 'error_status',
  errorDetail: 'error_detail',
  reason: 'reason',
  finish: 'finish',
  startedAt: 'started_at',
  settledAt: 'settled_at',
  closedAt: 'closed_at',
  asks: 'asks',
  asksRevision: 'asks_revision',
  waitingSince: 'waiting_since',
  dueAt: 'due_at',
  pendingSince: 'pending_since',
  trace: 'trace',
  queuePosition: 'queue_position',
  delivery: 'delivery',
  files: 'files',
}

/** The columns that are the host's own: no migration adds them, and no prefix is put before them. */
const hostColumns: ReadonlySet<string> = new Set(['id', 'title', 'conversationId'])

/** @internal The names of the columns that are not the host's own. */
export function ownColumns(columns: object): string[] {
  return Object.entries(columns)
    .filter(([key]) => !hostColumns.has(key))
    .map(([, name]) => String(name))
}

/** @internal */
export function conversationTable(
  options: TableOptions<ConversationColumns> = {},
): Table<ConversationColumns> {
  return {
    table: options.table ?? 'conversations',
    columns: nameColumns('conversations', conversationDefaults, options, ''),
  }
}

/** @internal */
export function messageTable(options: TableOptions<MessageColumns> = {}): Table<MessageColumns> {
  return {
    table: options.table ?? 'messages',
    columns: nameColumns('messages', messageDefaults, options, 'turn_'),
  }
}

function nameColumns<Columns extends object>(
  option: string,
  defaults: Columns,
  options: TableOptions<Columns>,
  defaultPrefix: string,
): Columns {
  // A misspelt `table` would send our columns, and turns, to another one.
  const unknown = Object.keys(options).find((name) => !/^(?:table|prefix|columns)$/.test(name))
  if (unknown !== undefined) {
    throw new TypeError(
      `\`${option}\` has no option ${JSON.stringify(unknown)}; it has \`table\`, \`prefix\`, \`columns\`.`,
    )
  }
  const { columns = {}, prefix = defaultPrefix } = options
  for (const name of Object.keys(columns)) {
    if (!(name in defaults)) {
      const known = Object.keys(defaults).join(', ')
      throw new TypeError(
        `\`${option}.columns.${name}\` is not a column of a turn. Known: ${known}.`,
      )
    }
  }
  const prefixed = Object.entries(defaults).map(([key, name]) => [
    key,
    hostColumns.has(key) ? name : `${prefix}${name}`,
  ])
  return { ...(Object.fromEntries(prefixed) as Columns), ...columns }
}
