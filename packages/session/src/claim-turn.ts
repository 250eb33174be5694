import type { Clock } from './clock.js'
import { assertDuration, assertRowId } from './asserts.js'
import { isTerminal } from './records.js'
import type { Lease } from './records.js'
import type { ClaimRequest, ClaimResult } from './session-store.js'
import { findLease } from './statements/find-lease.js'
import type { LeaseRow } from './statements/find-lease.js'
import { readTurn } from './statements/read-turn.js'
import { releaseLease } from './statements/release-lease.js'
import { startTurn } from './statements/start-turn.js'
import { takeLease } from './statements/take-lease.js'
import type { Tables } from './tables.js'

const maxOwnerLength = 255

interface ClaimContext {
  readonly tables: Tables
  readonly clock: Clock
}

/**
 * Looks, then takes by compare-and-set what it saw. A failed take means that somebody else's claim, renewal or
 * release succeeded in between, so looking again always makes progress.
 *
 * @internal
 */
export async function claimTurn(
  context: ClaimContext,
  request: ClaimRequest,
): Promise<ClaimResult> {
  const { tables, clock } = context
  assertClaim(request)
  for (;;) {
    const seen = await findLease(tables, request)
    if (seen === null) return refusal('missing')
    if (isTerminal(seen.status)) {
      await releaseLeftover(context, request, seen)
      return await refuse(context, request, 'settled')
    }
    const now = clock.now()
    if (isHeldByOther(seen, request, now)) {
      return await refuse(context, request, 'busy', seen.expiresAt)
    }
    const lease: Lease = {
      conversationId: request.conversationId,
      turnId: request.turnId,
      owner: request.owner,
      fence: seen.fence + 1,
      expiresAt: now + request.leaseMs,
    }
    if (!(await takeLease(tables, lease, seen))) continue
    const claimed = await start(context, lease, seen)
    if (claimed !== null) return claimed
  }
}

/** Null when the turn ended, or the lease was lost, between the look and the start. */
async function start(
  { tables, clock }: ClaimContext,
  lease: Lease,
  seen: LeaseRow,
): Promise<ClaimResult | null> {
  // Read only now: an earlier worker may have stored its prompt until the very start.
  const turn = (await startTurn(tables, lease, clock.now()))
    ? await readTurn(tables, lease.turnId)
    : null
  if (turn?.status !== 'running') {
    await releaseLease(tables, lease)
    return null
  }
  return {
    claimed: true,
    lease,
    conversation: { id: lease.conversationId, sessionId: seen.sessionId, fence: lease.fence },
    turn,
  }
}

/** A worker that died between its terminal write and its release would keep the conversation busy until the lease expires. */
async function releaseLeftover(
  { tables }: ClaimContext,
  { conversationId, turnId, owner }: ClaimRequest,
  seen: LeaseRow,
): Promise<void> {
  if (seen.owner !== owner || seen.turnId !== String(turnId)) return
  const { fence, expiresAt } = seen
  await releaseLease(tables, { conversationId, turnId, owner, fence, expiresAt: expiresAt ?? 0 })
}

/** The same owner may come back for the same message at once: it is a worker that was started again. */
function isHeldByOther(seen: LeaseRow, request: ClaimRequest, now: number): boolean {
  if (seen.owner === null || (seen.expiresAt ?? 0) <= now) return false
  return seen.owner !== request.owner || seen.turnId !== String(request.turnId)
}

async function refuse(
  { tables }: ClaimContext,
  { turnId }: ClaimRequest,
  reason: 'busy' | 'settled',
  heldUntil: number | null = null,
): Promise<ClaimResult> {
  const turn = await readTurn(tables, turnId)
  return turn === null ? refusal('missing') : { claimed: false, reason, turn, heldUntil }
}

function refusal(reason: 'missing'): ClaimResult {
  return { claimed: false, reason, turn: null, heldUntil: null }
}

function assertClaim({ conversationId, turnId, owner, leaseMs }: ClaimRequest): void {
  assertRowId('conversationId', conversationId)
  assertRowId('turnId', turnId)
  assertDuration('leaseMs', leaseMs)
  if (typeof owner !== 'string' || owner === '' || owner.length > maxOwnerLength) {
    throw new TypeError(`\`owner\` must name the worker in 1 to ${maxOwnerLength} characters.`)
  }
}
