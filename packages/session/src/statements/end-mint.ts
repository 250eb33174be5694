import { query } from '../query.js'
import type { Tables } from '../tables.js'
import type { Mint } from './take-mint.js'

/**
 * Ends a mint that nobody took over: with the id of the new session, or with null when there is none. Without one the
 * tokens stay, since the server may have created a session after all.
 */
export async function endMint(
  { knex, conversations }: Tables,
  mint: Mint,
  sessionId: string | null,
): Promise<boolean> {
  const { table, columns } = conversations
  const changed = await query(
    `end the mint of conversation ${mint.conversationId}`,
    knex()(table)
      .where({ [columns.id]: mint.conversationId, [columns.mintClaim]: mint.claim })
      .update({
        [columns.sessionId]: sessionId,
        ...(sessionId === null ? {} : { [columns.mintTokens]: mint.token }),
        [columns.mintClaim]: null,
        [columns.mintExpiresAt]: null,
      }),
  )
  return Number(changed) > 0
}
