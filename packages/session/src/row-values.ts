import { SessionError } from './errors.js'
import type {
  PartialReply,
  PromptRecord,
  RowId,
  Settlement,
  StoredError,
  TurnRecord,
  TurnStatus,
} from './records.js'
import type { MessageColumns } from './tables.js'

type Row = Readonly<Record<string, unknown>>

const shortTextLength = 64

/** @internal A row of the turn's columns, as `read-turn` names them. */
export function toTurnRecord(turnId: RowId, row: Row): TurnRecord {
  return {
    turnId,
    conversationId: row['conversation'] as RowId,
    status: toTurnStatus(row['status'], turnId),
    prompt: toPrompt(row, turnId),
    reply: toReply(row['reply']),
    text: toTextOrNull(row['text']),
    reasoning: toTextOrNull(row['reasoning']),
    cost: toNumber(row['cost']),
    tokens: {
      input: toNumber(row['input']),
      output: toNumber(row['output']),
      reasoning: toNumber(row['reasoningtokens']),
      cacheRead: toNumber(row['cacheread']),
      cacheWrite: toNumber(row['cachewrite']),
    },
    error: toError(row),
    reason: toTextOrNull(row['reason']),
    finish: toTextOrNull(row['finish']),
    startedAt: toNumberOrNull(row['started']),
    settledAt: toNumberOrNull(row['settled']),
  }
}

/** @internal The columns of a prompt. */
export function promptFields(columns: MessageColumns, prompt: PromptRecord): Row {
  return {
    [columns.promptId]: prompt.id,
    [columns.promptSessionId]: prompt.sessionId,
    [columns.promptPartIds]: JSON.stringify(prompt.partIds),
    [columns.promptRuns]: prompt.runs,
  }
}

/** @internal The columns of a reply so far. */
export function snapshotFields(
  columns: MessageColumns,
  fields: { readonly reply: unknown; readonly text: string },
): Row {
  return {
    [columns.reply]: JSON.stringify(fields.reply) ?? null,
    [columns.text]: toText(fields.text),
  }
}

/** @internal The columns of a partial reply with its price. */
export function partialFields(columns: MessageColumns, fields: PartialReply): Row {
  const { tokens } = fields
  return {
    ...snapshotFields(columns, fields),
    [columns.reasoning]: toText(fields.reasoning),
    [columns.cost]: finite(fields.cost),
    [columns.inputTokens]: count(tokens.input),
    [columns.outputTokens]: count(tokens.output),
    [columns.reasoningTokens]: count(tokens.reasoning),
    [columns.cacheReadTokens]: count(tokens.cacheRead),
    [columns.cacheWriteTokens]: count(tokens.cacheWrite),
  }
}

/** @internal The columns of a terminal state. */
export function settlementFields(
  columns: MessageColumns,
  settlement: Settlement,
  now: number,
): Row {
  return {
    ...partialFields(columns, settlement),
    [columns.status]: settlement.status,
    [columns.reason]: toText(settlement.reason),
    [columns.errorCode]: shortText(settlement.error?.code ?? null),
    [columns.errorMessage]: toText(settlement.error?.message ?? null),
    [columns.finish]: shortText(settlement.finish),
    [columns.settledAt]: now,
  }
}

/** @internal PostgreSQL refuses NUL in a text, and what the agent wrote must never keep a turn from being settled. */
export function toText(text: string | null): string | null {
  return text === null ? null : text.replaceAll('\0', '\uFFFD')
}

/** @internal Drivers give 64-bit columns as number, string or bigint. */
export function toNumber(value: unknown): number {
  return value === null || value === undefined ? 0 : Number(value)
}

/** @internal Like {@link toNumber}, for columns that may be empty. */
export function toNumberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value)
}

/** @internal */
export function toTurnStatus(value: unknown, turnId: RowId): TurnStatus {
  switch (value) {
    case 'pending':
    case 'running':
    case 'completed':
    case 'failed':
    case 'cancelled':
      return value
    default:
      throw new SessionError(
        'malformed_row',
        `The status of message ${turnId} is none of a turn. Point \`messages.columns.status\` to a column that only turns use.`,
      )
  }
}

function toPrompt(row: Row, turnId: RowId): PromptRecord | null {
  const id = toTextOrNull(row['promptid'])
  if (id === null) return null
  const partIds = parseJson(row['promptparts'])
  if (!isStrings(partIds)) {
    // A prompt that cannot be repeated exactly must not look like no prompt: it would be asked twice.
    throw new SessionError(
      'malformed_row',
      `The prompt's part ids of message ${turnId} are not a list.`,
    )
  }
  return {
    id,
    sessionId: toTextOrNull(row['promptsession']) ?? '',
    partIds,
    runs: toNumber(row['promptruns']),
  }
}

function toError(row: Row): StoredError | null {
  const code = toTextOrNull(row['errorcode'])
  return code === null ? null : { code, message: toTextOrNull(row['errormessage']) ?? '' }
}

/** A snapshot is a convenience: one that does not parse counts as none, since the server holds the truth. */
function toReply(value: unknown): unknown {
  return parseJson(value) ?? null
}

function parseJson(value: unknown): unknown {
  // A host may have given the column a JSON type; then the driver has parsed it.
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value) as unknown
  } catch {
    return undefined
  }
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function toTextOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function shortText(text: string | null): string | null {
  return toText(text)?.slice(0, shortTextLength) ?? null
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0
}

function count(value: number): number {
  return Math.max(0, Math.round(finite(value)))
}
