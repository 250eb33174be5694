import { SessionError } from '../errors.js'
import { isTerminal } from '../records.js'
import type { Lease } from '../records.js'
import type { ClaimRequest, ClaimResult } from '../session-store.js'
import { confirmTurnExists } from '../statements/confirm-turn-exists.js'
import { findLease } from '../statements/find-lease.js'
import type { TurnLeaseRow } from '../statements/find-lease.js'
import { findLeftovers } from '../statements/find-leftovers.js'
import { plainJson } from '../database/json-text.js'
import { readTurn } from '../statements/read-turn.js'
import { releaseLease } from '../statements/release-lease.js'
import { startTurn } from '../statements/start-turn.js'
import { takeAndDo } from './claim-context.js'
import type { ClaimContext } from './claim-context.js'
import { heldUntil, isOfEarlierLife } from './holder.js'
import type { Claimant } from './holder.js'
import type { Tables } from '../tables.js'
import { untilTaken } from './raced.js'
import { readWritten } from './read-written.js'

/** @internal Looks who holds the conversation, takes it when it is free, and starts the turn under it. */
export async function claimTurn(
  context: ClaimContext,
  request: ClaimRequest,
): Promise<ClaimResult> {
  const { tables, instance, forsaken } = context
  const { conversationId, turnId, owner, leaseMs, signal } = request
  const input = toInput(request.input)
  return untilTaken(
    { clock: tables.clock, row: `conversation ${conversationId}`, signal },
    async () => {
      const seen = await findLease(tables, request)
      if (seen === null) return (await confirmTurnExists(tables, request)) ? undefined : missing
      const claimant = { owner, instance, leaseMs, turnKey: seen.ownKey }
      if (isTerminal(seen.status)) {
        await releaseLeftover(context, request, { seen, claimant })
        return refuse(context, request, { reason: 'settled', heldUntil: null, sameOwner: false })
      }
      const now = tables.clock.now()
      const until = heldUntil(seen, claimant, { now, forsaken })
      if (until !== null) {
        const sameOwner = seen.owner === owner
        return refuse(context, request, { reason: 'busy', heldUntil: until, sameOwner })
      }
      const lease: Lease = {
        conversationId,
        turnId,
        owner,
        // A message that was moved or restored may have a higher fence than its conversation.
        fence: Math.max(seen.fence, seen.turnFence) + 1,
        expiresAt: now + leaseMs,
      }
      return takeAndDo(context, { lease, seen, turnKey: seen.ownKey, signal }, () =>
        start(context, lease, { seen, input, now }),
      )
    },
  )
}

/** Undefined when the turn ended, or the lease was lost, between the look and the start. */
async function start(
  { tables }: ClaimContext,
  lease: Lease,
  {
    seen,
    input,
    now,
  }: { readonly seen: TurnLeaseRow; readonly input: string | null; readonly now: number },
): Promise<ClaimResult | undefined> {
  const isStarted = await startWithInput(tables, lease, { now, input })
  // Read only now: an earlier worker may have stored its prompt until the very start.
  const turn = isStarted ? await readWritten(tables, lease) : null
  if (turn?.status !== 'running') return undefined
  return {
    claimed: true,
    lease,
    conversation: { id: lease.conversationId, sessionId: seen.sessionId, fence: lease.fence },
    turn,
    leftovers: await findLeftovers(tables, lease),
  }
}

/** What was asked may be more than the database takes; the job still has it. */
async function startWithInput(
  tables: Tables,
  lease: Lease,
  { now, input }: { readonly now: number; readonly input: string | null },
): Promise<boolean> {
  const inputs = input === null ? [] : [...new Set([input, plainJson(input)])]
  for (const each of inputs) {
    try {
      return await startTurn(tables, lease, { now, input: each })
    } catch (error) {
      if (!SessionError.is(error) || error.retryable) throw error
    }
  }
  return startTurn(tables, lease, { now, input: null })
}

/** A worker that died between its terminal write and its release would keep the conversation busy until the lease expires. */
async function releaseLeftover(
  { tables }: ClaimContext,
  { conversationId }: ClaimRequest,
  { seen, claimant }: { readonly seen: TurnLeaseRow; readonly claimant: Claimant },
): Promise<void> {
  if (seen.turnKey !== seen.ownKey || !isOfEarlierLife(seen, claimant)) return
  await releaseLease(tables, { conversationId, fence: seen.fence })
}

async function refuse(
  { tables }: ClaimContext,
  { turnId }: ClaimRequest,
  refusal: {
    readonly reason: 'busy' | 'settled'
    readonly heldUntil: number | null
    readonly sameOwner: boolean
  },
): Promise<ClaimResult> {
  const turn = await readTurn(tables, turnId)
  return turn === null ? missing : { claimed: false, ...refusal, turn }
}

const missing: ClaimResult = {
  claimed: false,
  reason: 'missing',
  turn: null,
  heldUntil: null,
  sameOwner: false,
}

function toInput(input: unknown): string | null {
  if (input === undefined || input === null) return null
  try {
    return JSON.stringify(input) ?? null
  } catch (cause) {
    throw new TypeError('`input` must be JSON: it has a cycle or a bigint in it.', { cause })
  }
}
