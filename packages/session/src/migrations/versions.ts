import { conversationTable, messageTable } from '../tables.js'
import type { ConversationColumns, MessageColumns, TableOptions } from '../tables.js'
import { messagesVersion2 } from './inbox.js'
import { assertIndexPrefix, defaultIndexPrefix } from './table-version.js'
import type { TableStep, TableVersion } from './table-version.js'
import { messagesVersion3 } from './due-turns.js'
import { conversationsVersion1, messagesVersion1 } from './turns.js'

/** Which of the host's tables to change, named as for `createSessionStore`. */
export interface TurnMigrationOptions {
  /** The conversations. Default table: `conversations`. */
  readonly conversations?: TableOptions<ConversationColumns>
  /** The messages. Default table: `messages`. */
  readonly messages?: TableOptions<MessageColumns>
  /** Put before the names of our indexes, at most 24 characters. Default: `turnstead_`. */
  readonly indexPrefix?: string
}

/** One version of the columns, for tables of any names. */
export interface Version {
  readonly name: string
  /** Default: nothing. */
  readonly conversations?: (names: ConversationColumns) => TableVersion
  readonly messages: (names: MessageColumns) => TableVersion
}

/** What was added, oldest first. What was released never changes. */
export const versions: readonly Version[] = [
  {
    name: 'turnstead-001-turns',
    conversations: conversationsVersion1,
    messages: messagesVersion1,
  },
  {
    name: 'turnstead-002-inbox',
    messages: messagesVersion2,
  },
  { name: 'turnstead-003-waiting', messages: messagesVersion3 },
]

/** What each version adds to the host's two tables. */
export function stepsOf(
  options: TurnMigrationOptions,
): readonly { readonly name: string; readonly steps: readonly TableStep[] }[] {
  const { indexPrefix = defaultIndexPrefix } = options
  return versions.map((version) => ({
    name: version.name,
    steps: [
      ...conversationSteps(version, options.conversations, indexPrefix),
      messageStep(version, options.messages, indexPrefix),
    ],
  }))
}

/** None where the version leaves the conversations as they are. */
export function conversationSteps(
  version: Version,
  options?: TableOptions<ConversationColumns>,
  indexPrefix: string = defaultIndexPrefix,
): readonly TableStep[] {
  const { table, columns } = conversationTable(options)
  const added = version.conversations?.(columns)
  const prefix = assertIndexPrefix(indexPrefix)
  return added === undefined
    ? []
    : [{ option: 'conversations', table, indexPrefix: prefix, version: added }]
}

export function messageStep(
  version: Version,
  options?: TableOptions<MessageColumns>,
  indexPrefix: string = defaultIndexPrefix,
): TableStep {
  const { table, columns } = messageTable(options)
  return {
    option: 'messages',
    table,
    indexPrefix: assertIndexPrefix(indexPrefix),
    version: version.messages(columns),
  }
}
