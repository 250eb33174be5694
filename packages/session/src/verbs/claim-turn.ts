import { SessionError } from '../errors.js'
import { isTerminal } from '../records.js'
import type { Lease, RowId } from '../records.js'
import type { ClaimRequest, ClaimResult } from '../session-store.js'
import { startAndRead } from '../statements/claim/start-and-read.js'
import type { Begun } from '../statements/claim/start-and-read.js'
import { canTakeFree, takeFree } from '../statements/claim/take-free.js'
import { confirmTurnExists } from '../statements/confirm-turn-exists.js'
import { findLease } from '../statements/find-lease.js'
import type { TurnLeaseRow } from '../statements/find-lease.js'
import { findLeftovers } from '../statements/find-leftovers.js'
import { plainJson } from '../database/json-text.js'
import type { KnownSession } from '../values/known-session.js'
import { readTurn } from '../statements/read-turn.js'
import { releaseLease } from '../statements/release-lease.js'
import { startTurn } from '../statements/start-turn.js'
import type { Starting } from '../statements/start-turn.js'
import { takeAndDo, underMark } from './claim-context.js'
import type { ClaimContext } from './claim-context.js'
import { heldUntil, isOfEarlierLife } from './holder.js'
import type { Claimant } from './holder.js'
import type { Tables } from '../tables.js'
import { untilTaken } from './raced.js'
import { readWritten } from './read-written.js'
import { toInput } from '../values/input.js'
import { findFirstInLine } from '../statements/inbox/line.js'

/** @internal Looks who holds the conversation, takes it when it is free, and starts the turn under it. */
export async function claimTurn(
  context: ClaimContext,
  request: ClaimRequest,
): Promise<ClaimResult> {
  const { tables, instance, forsaken } = context
  const { conversationId, turnId, owner, leaseMs, signal } = request
  const { trace = null } = request
  const input = toInput(request.input)
  return untilTaken(
    { clock: tables.clock, row: `conversation ${conversationId}`, signal },
    async () => {
      const free = canTakeFree(tables) ? await claimFree(context, request, input) : undefined
      if (free !== undefined) return free
      const now = tables.clock.now()
      const seen = await findLease(tables, request, now)
      if (seen === null) return (await confirmTurnExists(tables, request)) ? undefined : missing
      const claimant = { owner, instance, leaseMs, turnKey: seen.ownKey }
      if (isTerminal(seen.status)) {
        await releaseLeftover(context, request, { seen, claimant })
        return refuse(context, request, { reason: 'settled', heldUntil: null, sameOwner: false })
      }
      if (seen.waiting !== null) {
        const { dueAt, turnId: first, turnKey } = seen.waiting
        const isOwn = turnKey === seen.ownKey
        if (!isOwn && seen.position > 0)
          return refuse(context, request, { reason: 'queued', first })
        const reason = isOwn ? 'waiting' : 'busy'
        return refuse(context, request, { reason, heldUntil: dueAt, sameOwner: false })
      }
      const until = heldUntil(seen, claimant, { now, forsaken })
      if (until !== null) {
        const sameOwner = seen.owner === owner
        return refuse(context, request, { reason: 'busy', heldUntil: until, sameOwner })
      }
      const isInLine = seen.status === 'pending' && seen.position > 0
      const first = isInLine ? await findFirstInLine(tables, conversationId) : null
      if (first !== null && first.key !== seen.ownKey) {
        return refuse(context, request, { reason: 'queued', first: first.turnId })
      }
      const lease: Lease = {
        conversationId,
        turnId,
        owner,
        // A message that was moved or restored may have a higher fence than its conversation.
        fence: Math.max(seen.fence, seen.turnFence) + 1,
        expiresAt: now + leaseMs,
      }
      const inLine = isInLine ? { position: seen.position, key: seen.ownKey } : null
      const taking = { lease, seen, turnKey: seen.ownKey, inLine, unlessWaiting: { now }, signal }
      return takeAndDo(context, taking, () =>
        start(context, lease, { session: seen.session, input, trace, now }),
      )
    },
  )
}

/** Takes what no one holds without a look before. Undefined when it is not to be had so: the look says why. */
async function claimFree(
  context: ClaimContext,
  { conversationId, turnId, owner, leaseMs, trace = null, signal }: ClaimRequest,
  input: string | null,
): Promise<ClaimResult | undefined> {
  const { tables } = context
  return underMark(context, { lease: { conversationId, fence: null }, signal }, async (mark) => {
    const now = tables.clock.now()
    const expiresAt = now + leaseMs
    const ids = { conversationId, turnId, owner, expiresAt }
    const taken = await takeFree(tables, { ...ids, mark, now })
    if (taken === null) return undefined
    const { fence, session } = taken
    const lease: Lease = { ...ids, fence }
    const result = await start(context, lease, { session, input, trace, now })
    if (result === undefined) await releaseLease(tables, lease)
    return result
  })
}

/** Undefined when the turn ended, or the lease was lost, between the look and the start. */
async function start(
  { tables }: ClaimContext,
  lease: Lease,
  { session, input, ...more }: Starting & { readonly session: KnownSession },
): Promise<ClaimResult | undefined> {
  const begun = await withInput(input, (each) => begin(tables, lease, { ...more, input: each }))
  if (begun?.turn.status !== 'running') return undefined
  const { conversationId, fence } = lease
  return { claimed: true, lease, conversation: { id: conversationId, fence, ...session }, ...begun }
}

/** The turn is read no sooner than it is started: an earlier worker may have stored its prompt until then. */
async function begin(tables: Tables, lease: Lease, starting: Starting): Promise<Begun | null> {
  if (canTakeFree(tables)) return startAndRead(tables, lease, starting)
  if (!(await startTurn(tables, lease, starting))) return null
  const turn = await readWritten(tables, lease)
  return { turn, leftovers: await findLeftovers(tables, lease) }
}

/** What was asked may be more than the database takes; the job still has it. */
async function withInput<Result>(
  input: string | null,
  start: (input: string | null) => Promise<Result>,
): Promise<Result> {
  const inputs = input === null ? [] : [...new Set([input, plainJson(input)])]
  for (const each of inputs) {
    try {
      return await start(each)
    } catch (error) {
      if (!SessionError.is(error) || error.retryable) throw error
    }
  }
  return start(null)
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
  refusal: Refusal,
): Promise<ClaimResult> {
  const turn = await readTurn(tables, turnId)
  if (turn === null) return missing
  if (refusal.reason === 'queued') return { ...refused, ...refusal, turn }
  return { claimed: false, ...refusal, turn }
}

/** What a claim says beside the turn. */
type Refusal =
  | {
      readonly reason: 'busy' | 'waiting' | 'settled'
      readonly heldUntil: number | null
      readonly sameOwner: boolean
    }
  | { readonly reason: 'queued'; readonly first: RowId }

const refused = { claimed: false, heldUntil: null, sameOwner: false } as const

const missing: ClaimResult = {
  claimed: false,
  reason: 'missing',
  turn: null,
  heldUntil: null,
  sameOwner: false,
}
