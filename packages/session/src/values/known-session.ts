import type { ConversationRecord } from '../records.js'
import type { Tables } from '../tables.js'

/** What a claim reads of the conversation's session on the way. */
export type KnownSession = Pick<ConversationRecord, 'sessionId' | 'rules' | 'title' | 'server'>

/** The columns, by their names in the result, of the conversations under this alias. */
export function sessionFields({ conversations }: Tables, alias: string): Record<string, string> {
  const { columns } = conversations
  return {
    session: `${alias}.${columns.sessionId}`,
    rules: `${alias}.${columns.rules}`,
    named: `${alias}.${columns.sessionTitle}`,
    server: `${alias}.${columns.server}`,
    ...(columns.title === null ? {} : { title: `${alias}.${columns.title}` }),
  }
}

export function toKnownSession(row: Record<string, unknown>): KnownSession {
  const text = (name: string): string | null => (row[name] ?? null) as string | null
  return {
    sessionId: text('session'),
    rules: text('rules'),
    title: text('named') ?? text('title'),
    server: text('server'),
  }
}
