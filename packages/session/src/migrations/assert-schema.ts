import type { Knex } from 'knex'
import { SessionError } from '../errors.js'
import { findProblems } from './schema-problems.js'
import type { ExpectedTable } from './schema-problems.js'
import { stepsOf } from './versions.js'
import type { TurnMigrationOptions } from './versions.js'
import { artifactSteps, artifactVersion } from './artifact-tables.js'
import type { ArtifactTableOptions } from './artifact-tables.js'
import { outboxStep, outboxVersion } from './outbox-table.js'
import type { OutboxTableOptions } from './outbox-table.js'
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
  if (options.outbox !== undefined) {
    expected.push({
      name: outboxVersion,
      madeBy: '`up` of `outboxMigration()`, or the statements of `outboxSql()`',
      step: outboxStep(options.outbox),
      hostColumns: [],
      keys: null,
    })
  }
  if (options.artifacts !== undefined) {
    for (const step of artifactSteps(options.artifacts)) {
      expected.push({
        name: artifactVersion,
        madeBy: '`up` of `artifactMigration()`, or the statements of `artifactSql()`',
        step,
        hostColumns: [],
        keys: null,
      })
    }
  }
  const problems = await findProblems(knex, expected)
  if (problems.length === 0) return
  throw new SessionError(
    'schema_mismatch',
    `The tables cannot hold turns as they are:\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
  )
}
