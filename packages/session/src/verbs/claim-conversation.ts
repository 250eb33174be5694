import type { ConversationLease } from '../records.js'
import type { ConversationClaimRequest, ConversationClaimResult } from '../session-store.js'
import { findConversationLease } from '../statements/find-lease.js'
import { findLeftovers } from '../statements/find-leftovers.js'
import { takeAndDo } from './claim-context.js'
import type { ClaimContext } from './claim-context.js'
import { heldUntil } from './holder.js'
import { untilTaken } from './raced.js'

/** @internal Takes a conversation without one of its turns. */
export async function claimConversation(
  context: ClaimContext,
  { conversationId, owner, leaseMs, signal }: ConversationClaimRequest,
): Promise<ConversationClaimResult> {
  const { tables, instance, forsaken } = context
  return untilTaken<ConversationClaimResult>(
    { clock: tables.clock, row: `conversation ${conversationId}`, signal },
    async () => {
      const seen = await findConversationLease(tables, conversationId)
      if (seen === null) {
        return { claimed: false, reason: 'missing', heldUntil: null, sameOwner: false }
      }
      const now = tables.clock.now()
      const claimant = { owner, instance, leaseMs, turnKey: null }
      const until = heldUntil(seen, claimant, { now, forsaken })
      if (until !== null) {
        return {
          claimed: false,
          reason: 'busy',
          heldUntil: until,
          sameOwner: seen.owner === owner,
        }
      }
      const fence = seen.fence + 1
      const lease: ConversationLease = {
        conversationId,
        turnId: null,
        owner,
        fence,
        expiresAt: now + leaseMs,
      }
      return takeAndDo(context, { lease, seen, turnKey: null, signal }, async () => ({
        claimed: true,
        lease,
        server: seen.session.server ?? null,
        leftovers: await findLeftovers(tables, lease),
      }))
    },
  )
}
