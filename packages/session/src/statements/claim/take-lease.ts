import type { Knex } from 'knex'
import type { ConversationLease } from '../../records.js'
import type { Tables } from '../../tables.js'
import type { LeaseRow } from '../find-lease.js'
import { blocking } from '../find-lease.js'
import { aheadInLine } from '../inbox/line.js'
import { guardedUpdate } from '../query.js'
import { rowKey } from '../row-key.js'

/** How a lease is taken. */
export interface Taking {
  /** The row as it was seen to be free. */
  readonly seen: LeaseRow
  readonly mark: string
  /** The turn as its row spells it; null for the conversation alone. */
  readonly turnKey: string | null
  /** Where the turn waits in the line: whoever is before it comes first. Default: it does not. */
  readonly inLine?: { readonly position: number; readonly key: string } | null
  /** Only if no turn of the conversation waits for a person; `now` says which of them are due. Default: whatever waits. */
  readonly unlessWaiting?: { readonly now: number }
}

/**
 * Takes a lease that was seen to be free. The fence shows that no one claimed since, the expiry that the holder did not
 * renew since; a release in between only makes it freer. The session and its rules are still those that were seen: the claim
 * reports them, and a holder that is late may have put others there.
 */
export async function takeLease(
  tables: Tables,
  lease: ConversationLease,
  taking: Taking,
): Promise<boolean> {
  const { seen, mark, turnKey, inLine = null, unlessWaiting } = taking
  const { table, columns } = tables.conversations
  const ahead = (knex: Knex, { position, key }: { position: number; key: string }) =>
    aheadInLine(tables, knex, {
      conversationId: String(lease.conversationId),
      position,
      id: key,
    })
  return guardedUpdate(tables, `take the lease of conversation ${lease.conversationId}`, (knex) =>
    knex(table)
      .where((row) => void (inLine !== null && row.whereNotExists(ahead(knex, inLine))))
      .where(rowKey(knex, columns.id, lease.conversationId))
      .where({
        [columns.turnFence]: seen.fence,
        [columns.sessionId]: seen.session.sessionId,
        [columns.rules]: seen.session.rules,
      })
      .where((free) => {
        if (unlessWaiting === undefined) return
        free.whereNotExists(blocking(tables, knex, lease.conversationId, unlessWaiting.now))
      })
      .where((free) => {
        free.whereNull(columns.turnOwner).orWhere(columns.turnExpiresAt, seen.expiresAt)
      })
      .update({
        [columns.turnFence]: lease.fence,
        [columns.turnOwner]: lease.owner,
        [columns.turnInstance]: mark,
        [columns.turnId]: turnKey,
        [columns.turnExpiresAt]: lease.expiresAt,
      }),
  )
}
