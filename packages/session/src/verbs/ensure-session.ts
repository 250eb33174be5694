import type { Clock } from '../clock.js'
import { monotonic } from '../clock.js'
import { SessionError } from '../errors.js'
import type { RowId } from '../records.js'
import type { SessionResult } from '../session-store.js'
import type { SessionUpstream } from '../session-upstream.js'
import { findSession } from '../creation/find-session.js'
import type { SessionRow } from '../creation/find-session.js'
import { takeCreation } from '../creation/take-creation.js'
import type { Creation } from '../creation/take-creation.js'
import type { Tables } from '../tables.js'
import { createSession } from './create-session.js'
import type { OnOrphan } from './discard-session.js'
import { reportOrphan } from './discard-session.js'
import { untilTaken } from './raced.js'

/** Hundreds may wait for creations at a server that stalls: who waited long looks more rarely. */
const mostPolls = 10

/** @internal */
export interface EnsureOptions {
  readonly tables: Tables
  readonly randomId: () => string
  /** Begins every key. */
  readonly keyPrefix: string
  readonly createMs: number
  readonly createWaitMs: number
  readonly createPollMs: number
  readonly onOrphan: OnOrphan | undefined
  /** Claims of creations that failed after they may have begun: no one runs under them. */
  readonly forsaken: Set<string>
}

/** @internal One conversation, its upstream, and the session that counts as gone. */
export interface SessionRequest {
  readonly conversationId: RowId
  readonly upstream: SessionUpstream
  readonly staleSessionId: string | null
  readonly signal: AbortSignal | undefined
  /** The claim that must be the newest; null for any. */
  readonly fence: number | null
  /** Fingerprint of the rules that `create` gives a session. */
  readonly rules: string | null
}

const maxForsaken = 1000

/**
 * Reads until the row holds a session that is not the stale one, and creates it when no one else does. The right to
 * create is a claim in the row that expires; who lost it deletes what it created.
 *
 * @internal
 */
export async function ensureSession(
  options: EnsureOptions,
  request: SessionRequest,
): Promise<SessionResult> {
  const { tables } = options
  const { conversationId, staleSessionId, signal } = request
  const { clock } = tables
  const deadline = monotonic(clock) + options.createWaitMs
  return untilTaken({ clock, row: `conversation ${conversationId}`, signal }, async () => {
    const seen = await untilNotClaimed(options, request, deadline)
    if (request.fence !== null && seen.fence !== request.fence) {
      if (seen.fence > request.fence) throw leaseLost(conversationId)
      // Older than the lease: a read that lags behind.
      return undefined
    }
    if (seen.sessionId !== null && seen.sessionId !== staleSessionId) {
      return toResult(seen, seen.sessionId)
    }
    const creation: Creation = {
      conversationId,
      key: `${options.keyPrefix}${newId(options)}`,
      claim: newId(options),
      expiresAt: clock.now() + options.createMs,
      fence: request.fence,
      rules: request.rules,
    }
    return forsaking(options, creation, () => create(options, request, { creation, seen }))
  })
}

/** Undefined when another one was faster, before or after this one created. */
async function create(
  options: EnsureOptions,
  request: SessionRequest,
  { creation, seen }: { readonly creation: Creation; readonly seen: SessionRow },
): Promise<SessionResult | undefined> {
  const { tables } = options
  const { conversationId } = request
  if (!(await takeCreation(tables, creation, seen))) return undefined
  if (seen.sessionId !== null) {
    // Gone, as one answer had it. Were that wrong, deleting it would delete the conversation.
    const orphan = { conversationId, sessionId: seen.sessionId, error: null } as const
    reportOrphan(options.onOrphan, { ...orphan, reason: 'replaced' })
  }
  const sessionId = await createSession(options, request, { creation, seen })
  if (sessionId === null) return undefined
  return { ...toResult(seen, sessionId), created: true, rules: creation.rules }
}

function toResult(seen: SessionRow, sessionId: string): SessionResult {
  const { rules, sessionTitle, title } = seen
  return { sessionId, created: false, rules, title: sessionTitle ?? title }
}

/** Whether a failed creation is still claimed is not known: the next one of this store need not wait for its end. */
async function forsaking<Result>(
  { forsaken }: EnsureOptions,
  { claim }: Creation,
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await act()
  } catch (error) {
    if (forsaken.size >= maxForsaken) forsaken.clear()
    forsaken.add(claim)
    throw error
  }
}

function leaseLost(conversationId: RowId): SessionError {
  return new SessionError(
    'lease_lost',
    `Conversation ${conversationId} is not held by this lease any more: another worker took it, or it was removed.`,
  )
}

/** The row, as soon as it has a session or another worker's claim is over. */
async function untilNotClaimed(
  { tables, createPollMs, forsaken }: EnsureOptions,
  { conversationId, staleSessionId, signal }: SessionRequest,
  deadline: number,
): Promise<SessionRow> {
  const { clock } = tables
  for (let count = 0; ; count += 1) {
    signal?.throwIfAborted()
    const seen = await findSession(tables, conversationId)
    if (seen === null) {
      throw new SessionError(
        'conversation_not_found',
        `No conversation has the id ${conversationId}.`,
      )
    }
    const hasSession = seen.sessionId !== null && seen.sessionId !== staleSessionId
    if (hasSession || seen.claim === null || forsaken.has(seen.claim)) return seen
    if ((seen.expiresAt ?? 0) <= clock.now()) return seen
    if (monotonic(clock) >= deadline) {
      throw new SessionError(
        'session_create_timeout',
        `Another worker did not create the session of conversation ${conversationId} in time; try again.`,
      )
    }
    const pauseMs = createPollMs * Math.min(mostPolls, 1.5 ** count)
    const leftMs = deadline - monotonic(clock)
    await pause(clock, Math.max(1, Math.round(Math.min(pauseMs, leftMs))), signal)
  }
}

async function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  await clock.sleep(ms, signal === undefined ? {} : { signal })
}

function newId({ randomId }: EnsureOptions): string {
  const id = randomId()
  if (/^\S{1,64}$/.test(id)) return id
  throw new TypeError('`randomId` must give 1 to 64 characters without spaces.')
}
