import type { Knex } from 'knex'
import { SessionError } from '../errors.js'
import { findProblems } from './schema-problems.js'
import type { ExpectedTable } from './schema-problems.js'
import { stepsOf } from './versions.js'
import type { TurnMigrationOptions } from './versions.js'
import { artifactSteps, artifactVersion } from './artifact-tables.js'
import type { ArtifactTableOptions } from './artifact-tables.js'
import { historyStep, historyVersion } from './history-table.js'
import type { HistoryTableOptions } from './history-table.js'
import { outboxStep, outboxVersion } from './outbox-table.js'
import type { OutboxTableOptions } from './outbox-table.js'
import type { TableStep } from './table-version.js'
import { conversationTable, messageTable } from '../tables.js'

/**
 * Looks whether the tables can hold turns, and changes nothing. Worth a call when an application starts or is deployed. Rejects
 * with `schema_mismatch`, whose message names everything that is missing or too narrow, each with what to do about it.
 *
 * @example
 *     await assertSchema(knex, { messages: { prefix: 'ai_' } })
 */
export async function assertSchema(
  knex: Knex,
  options: TurnMigrationOptions & {
    /** The table of the outbox, as given to the store. Default: there is none. */
    readonly outbox?: OutboxTableOptions
    /** The table of the history, as given to it. Default: there is none. */
    readonly history?: HistoryTableOptions
    /** The tables of the catalog, as given to it. Default: there is none. */
    readonly artifacts?: ArtifactTableOptions
  } = {},
): Promise<void> {
  const conversations = conversationTable(options.conversations)
  const messages = messageTable(options.messages)
  const expected = stepsOf(options).flatMap(({ name, steps }) =>
    steps.map((step): ExpectedTable => {
      const isConversations = step.option === 'conversations'
      const { id } = isConversations ? conversations.columns : messages.columns
      const { title } = conversations.columns
      const { conversationId } = messages.columns
      return {
        name,
        madeBy: '`up` of `migrations()`, or the statements of `migrationSql()`',
        step,
        hostColumns: isConversations
          ? [['id', id], ...(title === null ? [] : [['title', title] as const])]
          : [
              ['id', id],
              ['conversationId', conversationId],
            ],
        keys: isConversations
          ? { column: conversations.columns.turnId, of: messages.table, key: messages.columns.id }
          : null,
      }
    }),
  )
  const { outbox, history, artifacts } = options
  if (outbox !== undefined) expected.push(...ofOurs('outbox', outboxVersion, [outboxStep(outbox)]))
  if (history !== undefined) {
    expected.push(...ofOurs('history', historyVersion, [historyStep(history)]))
  }
  if (artifacts !== undefined) {
    expected.push(...ofOurs('artifact', artifactVersion, artifactSteps(artifacts)))
  }
  const problems = await findProblems(knex, expected)
  if (problems.length === 0) return
  throw new SessionError(
    'schema_mismatch',
    `The tables cannot hold turns as they are:\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
  )
}

/** Tables that are wholly ours. */
function ofOurs(
  what: 'outbox' | 'history' | 'artifact',
  name: string,
  steps: readonly TableStep[],
): readonly ExpectedTable[] {
  const madeBy = `\`up\` of \`${what}Migration()\`, or the statements of \`${what}Sql()\``
  return steps.map((step) => ({ name, madeBy, step, hostColumns: [], keys: null }))
}
