import { query } from '../query.js'
import type { RowId } from '../records.js'
import type { Tables } from '../tables.js'
import type { SessionRow } from './find-session.js'

/** A mint under way. */
export interface Mint {
  readonly conversationId: RowId
  readonly token: string
  readonly claim: string
  readonly expiresAt: number
}

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
        [columns.mintToken]: mint.token,
        [columns.mintClaim]: mint.claim,
        [columns.mintExpiresAt]: mint.expiresAt,
      }),
  )
  return Number(changed) > 0
}
