import type { Clock } from '../clock.js'
import { monotonic } from '../clock.js'
import { SessionError } from '../errors.js'
import type { RowId } from '../records.js'
import type { SessionResult } from '../session-store.js'
import type { SessionUpstream } from '../session-upstream.js'
import { findSession } from '../statements/find-session.js'
import { takeCreation } from '../statements/take-creation.js'
import type { Creation } from '../statements/take-creation.js'
import type { Tables } from '../tables.js'
import { createSession } from './create-session.js'
import type { OnOrphan } from './discard-session.js'
import { reportOrphan } from './discard-session.js'
import { untilTaken } from './raced.js'

/** @internal */
export interface EnsureOptions {
  readonly tables: Tables
  readonly randomId: () => string
  readonly createMs: number
  readonly createWaitMs: number
  readonly createPollMs: number
  readonly onOrphan: OnOrphan | undefined
}

/** @internal One conversation, its upstream, and the session that counts as gone. */
export interface SessionRequest {
  readonly conversationId: RowId
  readonly upstream: SessionUpstream
  readonly staleSessionId: string | null
  readonly signal: AbortSignal | undefined
}

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
    if (seen.sessionId !== null && seen.sessionId !== staleSessionId) {
      return { sessionId: seen.sessionId, created: false }
    }
    const creation: Creation = {
      conversationId,
      key: newId(options),
      claim: newId(options),
      expiresAt: clock.now() + options.createMs,
    }
    if (!(await takeCreation(tables, creation, seen))) return undefined
    if (seen.sessionId !== null) {
      // Gone, as one answer had it. Were that wrong, deleting it would delete the conversation.
      const orphan = { conversationId, sessionId: seen.sessionId, error: null } as const
      reportOrphan(options.onOrphan, { ...orphan, reason: 'replaced' })
    }
    const sessionId = await createSession(options, request, { creation, seen })
    return sessionId === null ? undefined : { sessionId, created: true }
  })
}

/** The row, as soon as it has a session or another worker's claim is over. */
async function untilNotClaimed(
  { tables, createPollMs }: EnsureOptions,
  { conversationId, staleSessionId, signal }: SessionRequest,
  deadline: number,
): Promise<NonNullable<Awaited<ReturnType<typeof findSession>>>> {
  const { clock } = tables
  for (;;) {
    signal?.throwIfAborted()
    const seen = await findSession(tables, conversationId)
    if (seen === null) {
      throw new SessionError(
        'conversation_not_found',
        `No conversation has the id ${conversationId}.`,
      )
    }
    const hasSession = seen.sessionId !== null && seen.sessionId !== staleSessionId
    if (hasSession || seen.claim === null || (seen.expiresAt ?? 0) <= clock.now()) return seen
    if (monotonic(clock) >= deadline) {
      throw new SessionError(
        'session_create_timeout',
        `Another worker did not create the session of conversation ${conversationId} in time; try again.`,
      )
    }
    await pause(clock, createPollMs, signal)
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
