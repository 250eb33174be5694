import { query } from '../query.js'
import type { RowId, TurnRecord } from '../records.js'
import type { Tables } from '../tables.js'
import { toTurnRecord } from '../row-values.js'

/**
 * One turn, or null. The aliases are single lower-case words, because a host's Knex may map the names in
 * results (`knexSnakeCaseMappers`).
 */
export async function readTurn(
  { knex, messages }: Tables,
  turnId: RowId,
): Promise<TurnRecord | null> {
  const { table, columns } = messages
  const row: Record<string, unknown> | undefined = await query(
    `read turn ${turnId}`,
    knex()(table).where(columns.id, turnId).whereNotNull(columns.status).first({
      conversation: columns.conversationId,
      status: columns.status,
      promptid: columns.promptId,
      promptsession: columns.promptSessionId,
      promptparts: columns.promptPartIds,
      promptruns: columns.promptRuns,
      reply: columns.reply,
      text: columns.text,
      reasoning: columns.reasoning,
      cost: columns.cost,
      input: columns.inputTokens,
      output: columns.outputTokens,
      reasoningtokens: columns.reasoningTokens,
      cacheread: columns.cacheReadTokens,
      cachewrite: columns.cacheWriteTokens,
      errorcode: columns.errorCode,
      errormessage: columns.errorMessage,
      reason: columns.reason,
      finish: columns.finish,
      started: columns.startedAt,
      settled: columns.settledAt,
    }),
  )
  return row === undefined ? null : toTurnRecord(turnId, row)
}
