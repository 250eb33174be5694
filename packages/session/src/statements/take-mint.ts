import { query } from '../query.js'
import type { RowId } from '../records.js'
import type { Tables } from '../tables.js'
import type { SessionRow } from './find-session.js'

/**
 * A mint under way. Its token is new: one that found its way into the row is never looked for again, so a minter that was
 * paused in the middle of its clean-up cannot find, and delete, the session of a later one.
 */
export interface Mint {
  readonly conversationId: RowId
  readonly token: string
  readonly claim: string
  readonly expiresAt: number
}

// What a mint left behind is looked for by its token. Four fit the column, and more pile up only while `find` fails.
const maxTokens = 4

/** Takes the mint from exactly the state that was seen; a stale session id leaves the row here. */
export async function takeMint(
  { knex, conversations }: Tables,
  mint: Mint,
  seen: SessionRow,
): Promise<boolean> {
  const { table, columns } = conversations
  const changed = await query(
    `take the mint of conversation ${mint.conversationId}`,
    knex()(table)
      .where({
        [columns.id]: mint.conversationId,
        [columns.sessionId]: seen.sessionId,
        [columns.mintClaim]: seen.claim,
      })
      .update({
        [columns.sessionId]: null,
        [columns.mintTokens]: [...seen.tokens, mint.token].slice(-maxTokens).join(' '),
        [columns.mintClaim]: mint.claim,
        [columns.mintExpiresAt]: mint.expiresAt,
      }),
  )
  return Number(changed) > 0
}
