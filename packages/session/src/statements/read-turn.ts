import type { Knex } from 'knex'
import type { RowId, TurnRecord } from '../records.js'
import type { MessageColumns, Tables } from '../tables.js'
import { query } from './query.js'
import { keyText, rowKey, unlessImpossible } from './row-key.js'
import { toTurnRecord } from './row-values.js'

/**
 * What a turn's record is made from. The aliases are single lower-case words, because a host's Knex may map the names in
 * results (`knexSnakeCaseMappers`).
 */
export function turnFields(knex: Knex, columns: MessageColumns): Record<string, string | Knex.Raw> {
  return {
    conversation: columns.conversationId,
    conversationtext: keyText(knex, columns.conversationId),
    status: columns.status,
    input: columns.promptInput,
    promptid: columns.promptId,
    promptsession: columns.promptSessionId,
    promptparts: columns.promptPartIds,
    promptruns: columns.promptRuns,
    recreated: columns.sessionRecreated,
    reply: columns.reply,
    text: columns.text,
    reasoning: columns.reasoning,
    cost: columns.cost,
    inputtokens: columns.inputTokens,
    outputtokens: columns.outputTokens,
    reasoningtokens: columns.reasoningTokens,
    cacheread: columns.cacheReadTokens,
    cachewrite: columns.cacheWriteTokens,
    errorcode: columns.errorCode,
    errormessage: columns.errorMessage,
    errorstatus: columns.errorStatus,
    errordetail: columns.errorDetail,
    reason: columns.reason,
    finish: columns.finish,
    started: columns.startedAt,
    settled: columns.settledAt,
    closed: columns.closedAt,
    asks: columns.asks,
    waiting: columns.waitingSince,
    due: columns.dueAt,
    trace: columns.trace,
    files: columns.files,
    delivery: columns.delivery,
    fence: columns.turnFence,
    revision: columns.turnRevision,
  }
}

/** One turn, or null; with a fence, only once it stands under that one or a later one. */
export async function readTurn(
  tables: Tables,
  turnId: RowId,
  fence: number | null = null,
): Promise<TurnRecord | null> {
  const { table, columns } = tables.messages
  const reading = query<Record<string, unknown> | undefined>(
    tables,
    `read turn ${turnId}`,
    (knex) =>
      knex(table)
        .where(rowKey(knex, columns.id, turnId))
        .whereNotNull(columns.status)
        .where((row) => fence !== null && row.where(columns.turnFence, '>=', fence))
        .first(turnFields(knex, columns)),
    { isRepeatable: true },
  )
  const row = await unlessImpossible(reading, undefined)
  return row === undefined ? null : toTurnRecord(turnId, row)
}
