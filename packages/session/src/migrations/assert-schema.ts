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
import { assertKnown } from '../values/known-options.js'
import type { Names } from '../values/known-options.js'
import { serversStep, serversVersion } from './servers-table.js'
import type { ServersTableOptions } from './servers-table.js'
import { outboxStep, outboxVersion } from './outbox-table.js'
import type { OutboxTableOptions } from './outbox-table.js'
import type { TableStep } from './table-version.js'
import { conversationTable, messageTable } from '../tables.js'

/** Which tables are looked at. */
export interface SchemaOptions extends TurnMigrationOptions {
  /** The table of the outbox, as given to the store. Default: there is none. */
  readonly outbox?: OutboxTableOptions
  /** The table of the history, as given to it. Default: there is none. */
  readonly history?: HistoryTableOptions
  /** The table of servers, as given to the store. Default: there is none. */
  readonly servers?: ServersTableOptions
  /** The tables of the catalog, as given to it. Default: there is none. */
  readonly artifacts?: ArtifactTableOptions
}

/**
 * Looks whether the tables can hold turns, and changes nothing. Worth a call when an application starts or is deployed. Rejects
 * with `schema_mismatch`, whose message names everything that is missing or too narrow, each with what to do about it.
 *
 * @example
 *     await assertSchema(knex, { messages: { prefix: 'ai_' } })
 */
export async function assertSchema(knex: Knex, options: SchemaOptions = {}): Promise<void> {
  assertKnown('`assertSchema`', options, names)
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
  const { outbox, history, servers, artifacts } = options
  if (outbox !== undefined) expected.push(...ofOurs('outbox', outboxVersion, [outboxStep(outbox)]))
  if (history !== undefined) {
    expected.push(...ofOurs('history', historyVersion, [historyStep(history)]))
  }
  if (servers !== undefined) {
    expected.push(...ofOurs('servers', serversVersion, [serversStep(servers)]))
  }
  if (artifacts !== undefined) {
    expected.push(...ofOurs('artifact', artifactVersion, artifactSteps(artifacts)))
  }
  // A table that several versions change is looked at for each.
  const problems = [...new Set(await findProblems(knex, expected))]
  if (problems.length === 0) return
  throw new SessionError(
    'schema_mismatch',
    `The tables cannot hold turns as they are:\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
  )
}

const names: Names<SchemaOptions> = {
  conversations: true,
  messages: true,
  indexPrefix: true,
  outbox: true,
  history: true,
  servers: true,
  artifacts: true,
}

/** Tables that are wholly ours. */
function ofOurs(
  what: 'outbox' | 'history' | 'servers' | 'artifact',
  name: string,
  steps: readonly TableStep[],
): readonly ExpectedTable[] {
  const madeBy = `\`up\` of \`${what}Migration()\`, or the statements of \`${what}Sql()\``
  return steps.map((step) => ({ name, madeBy, step, hostColumns: [], keys: null }))
}
