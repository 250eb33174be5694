import type { AskRecord } from '../ask-records.js'
import { parseAsks } from '../asks/ask-column.js'
import { closedByEnd } from '../asks/merge-asks.js'
import { toRowId } from '../values/asserts.js'
import { SessionError } from '../errors.js'
import { isTerminal } from '../records.js'
import type {
  PartialReply,
  PromptRecord,
  RowId,
  Settlement,
  Spent,
  TurnRecord,
  TurnStatus,
} from '../records.js'
import type { MessageColumns } from '../tables.js'

type Row = Readonly<Record<string, unknown>>

const shortTextLength = 64

/** @internal A row of the turn's columns, as `read-turn` names them. */
export function toTurnRecord(turnId: RowId, row: Row): TurnRecord {
  return {
    turnId,
    conversationId: toRowId(row['conversation'], row['conversationtext']),
    status: toTurnStatus(row['status'], turnId),
    input: toJson(row['input']),
    prompt: toPrompt(row, turnId),
    reply: toJson(row['reply']),
    text: toTextOrNull(row['text']),
    reasoning: toTextOrNull(row['reasoning']),
    cost: toNumber(row['cost']),
    tokens: {
      input: toNumber(row['inputtokens']),
      output: toNumber(row['outputtokens']),
      reasoning: toNumber(row['reasoningtokens']),
      cacheRead: toNumber(row['cacheread']),
      cacheWrite: toNumber(row['cachewrite']),
    },
    error: toError(row),
    providerStatus: toNumberOrNull(row['errorstatus']),
    providerMessage: toTextOrNull(row['errordetail']),
    reason: toTextOrNull(row['reason']),
    finish: toTextOrNull(row['finish']),
    startedAt: toNumberOrNull(row['started']),
    settledAt: toNumberOrNull(row['settled']),
    closedAt: toNumberOrNull(row['closed']),
    asks: toAsks(row, turnId),
    waitingSince: toNumberOrNull(row['waiting']),
    dueAt: toNumberOrNull(row['due']),
    trace: toTextOrNull(row['trace']),
    files: toJson(row['files']),
    delivery: toDelivery(row['delivery']),
    fence: toNumber(row['fence']),
    revision: toNumber(row['revision']),
  }
}

function toDelivery(value: unknown): TurnRecord['delivery'] {
  return value === 'queue' || value === 'steer' ? value : null
}

/** @internal The columns of a prompt, and of what earlier ones cost. */
export function promptFields(columns: MessageColumns, prompt: PromptRecord, spent?: Spent): Row {
  return {
    [columns.promptId]: prompt.id,
    [columns.promptSessionId]: prompt.sessionId,
    [columns.promptPartIds]: JSON.stringify(prompt.partIds),
    [columns.promptRuns]: prompt.runs,
    [columns.sessionRecreated]: prompt.sessionRecreated === true,
    ...(spent === undefined ? {} : priceFields(columns, spent)),
  }
}

/** @internal The columns of a reply so far. */
export function snapshotFields(
  columns: MessageColumns,
  fields: { readonly reply: unknown; readonly text: string },
): Row {
  return {
    [columns.reply]: toReplyText(fields.reply),
    [columns.text]: toText(fields.text),
  }
}

/** @internal The JSON of a reply as text, by its own `serialize` where it has one. Throws for what is no JSON. */
/** @internal The JSON of a reply as text, by its own `serialize` where it has one. Throws for what is no JSON. */
export function toReplyText(reply: unknown): string | null {
  const isSerializable =
    typeof reply === 'object' &&
    reply !== null &&
    'serialize' in reply &&
    typeof reply.serialize === 'function'
  const text: unknown = isSerializable
    ? (reply as { serialize(): unknown }).serialize()
    : JSON.stringify(reply)
  return typeof text === 'string' ? text : null
}

/** @internal The columns of a text without its parts. */
export function textFields(
  columns: MessageColumns,
  fields: Pick<PartialReply, 'text' | 'reasoning'>,
): Row {
  return {
    [columns.text]: toText(fields.text),
    [columns.reasoning]: toText(fields.reasoning),
  }
}

/** @internal The columns of a price. */
export function priceFields(columns: MessageColumns, { cost, tokens }: Spent): Row {
  return {
    [columns.cost]: finite(cost),
    [columns.inputTokens]: count(tokens.input),
    [columns.outputTokens]: count(tokens.output),
    [columns.reasoningTokens]: count(tokens.reasoning),
    [columns.cacheReadTokens]: count(tokens.cacheRead),
    [columns.cacheWriteTokens]: count(tokens.cacheWrite),
  }
}

/** @internal The columns of an end that no agent wrote. */
export function endFields(columns: MessageColumns, settlement: Settlement, now: number): Row {
  return {
    [columns.status]: settlement.status,
    [columns.errorCode]: shortText(settlement.error?.code ?? null),
    [columns.errorStatus]: httpStatus(settlement.error?.status ?? null),
    [columns.settledAt]: now,
    [columns.waitingSince]: null,
    [columns.dueAt]: null,
  }
}

/** @internal The columns of an end that hold others' words. */
export function wordFields(columns: MessageColumns, settlement: Settlement): Row {
  return {
    [columns.reason]: toText(settlement.reason),
    [columns.errorMessage]: toText(settlement.error?.message ?? null),
    [columns.errorDetail]: toText(settlement.error?.detail ?? null),
    [columns.finish]: shortText(settlement.finish),
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
    case 'waiting':
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
    // A prompt that cannot be repeated exactly must not pass for no prompt: it would be asked twice.
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
    // A boolean on PostgreSQL, a number elsewhere.
    sessionRecreated: Number(row['recreated'] ?? 0) === 1,
  }
}

/** For a reader asks are a convenience, as a snapshot is. The end closes them without writing them. */
function toAsks(row: Row, turnId: RowId): readonly AskRecord[] {
  const parsed = parseAsks(row['asks'])
  const asks = parsed === null || parsed === 'newer' ? [] : parsed
  const isOver = isTerminal(toTurnStatus(row['status'], turnId))
  return isOver ? closedByEnd(asks, toNumberOrNull(row['settled'])) : asks
}

function toError(row: Row): TurnRecord['error'] {
  const code = toTextOrNull(row['errorcode'])
  return code === null ? null : { code, message: toTextOrNull(row['errormessage']) ?? '' }
}

/** A snapshot is a convenience: one that does not parse counts as none, since the server holds the truth. */
function toJson(value: unknown): unknown {
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
  return Math.min(Math.max(0, Math.round(finite(value))), Number.MAX_SAFE_INTEGER)
}

function httpStatus(status: number | null): number | null {
  return Number.isInteger(status) && status !== null && status >= 0 && status < 1000 ? status : null
}
