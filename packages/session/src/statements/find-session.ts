import { query } from '../query.js'
import type { RowId } from '../records.js'
import type { Tables } from '../tables.js'
import { toNumberOrNull } from '../row-values.js'

/** A conversation's upstream session and the creation that may be under way. */
export interface SessionRow {
  readonly sessionId: string | null
  readonly title: string | null
  readonly keys: readonly string[]
  readonly claim: string | null
  readonly expiresAt: number | null
}

/** Null when there is no such conversation. */
export async function findSession(
  { knex, conversations }: Tables,
  conversationId: RowId,
): Promise<SessionRow | null> {
  const { table, columns } = conversations
  const row: Record<string, unknown> | undefined = await query(
    `read the session of conversation ${conversationId}`,
    knex()(table)
      .where(columns.id, conversationId)
      .first({
        session: columns.sessionId,
        keys: columns.createKeys,
        claim: columns.createClaim,
        expires: columns.createExpiresAt,
        ...(columns.title === null ? {} : { title: columns.title }),
      }),
  )
  if (row === undefined) return null
  return {
    sessionId: (row['session'] ?? null) as string | null,
    title: (row['title'] ?? null) as string | null,
    keys: typeof row['keys'] === 'string' ? row['keys'].split(' ').filter(Boolean) : [],
    claim: (row['claim'] ?? null) as string | null,
    expiresAt: toNumberOrNull(row['expires']),
  }
}
