import type { Clock } from './clock.js'
import { SessionError } from './errors.js'
import type { RowId } from './records.js'
import type { SessionResult } from './session-store.js'
import type { SessionUpstream } from './session-upstream.js'
import { endCreation } from './statements/end-creation.js'
import { findSession } from './statements/find-session.js'
import type { SessionRow } from './statements/find-session.js'
import { takeCreation } from './statements/take-creation.js'
import type { Creation } from './statements/take-creation.js'
import type { Tables } from './tables.js'

/** A session that nothing refers to and that could not be deleted upstream. */
export interface OrphanSession {
  /** The conversation it was meant for. */
  readonly conversationId: RowId
  /** Its id on the server. */
  readonly sessionId: string
  /** Why the deletion failed. */
  readonly error: unknown
}

/** @internal */
export interface EnsureOptions {
  readonly tables: Tables
  readonly clock: Clock
  readonly randomId: () => string
  readonly createMs: number
  readonly createWaitMs: number
  readonly createPollMs: number
  readonly onOrphan: ((orphan: OrphanSession) => void) | undefined
}

/** @internal One conversation, its upstream, and the session that counts as gone. */
export interface SessionRequest {
  readonly conversationId: RowId
  readonly upstream: SessionUpstream
  readonly staleSessionId: string | null
  readonly signal: AbortSignal | undefined
}

const maxSessionIdLength = 128
const maxLeftoversPerKey = 4

/**
 * Reads until the row holds a session that is not the stale one, and creates it when no one else does. The right to
 * create is a claim in the row that expires; who lost it deletes what it created.
 *
 * @internal
 */
export async function obtainSession(
  options: EnsureOptions,
  request: SessionRequest,
): Promise<SessionResult> {
  const { tables, clock } = options
  const { conversationId, staleSessionId, signal } = request
  const deadline = clock.now() + options.createWaitMs
  for (;;) {
    signal?.throwIfAborted()
    const seen = await findSession(tables, conversationId)
    if (seen === null) {
      throw new SessionError(
        'conversation_not_found',
        `No conversation has the id ${conversationId}.`,
      )
    }
    if (seen.sessionId !== null && seen.sessionId !== staleSessionId) {
      return { sessionId: seen.sessionId, created: false }
    }
    const now = clock.now()
    if (seen.claim !== null && (seen.expiresAt ?? 0) > now) {
      await waitForOther(options, request, deadline)
      continue
    }
    const creation: Creation = {
      conversationId,
      key: options.randomId(),
      claim: options.randomId(),
      expiresAt: now + options.createMs,
    }
    if (!(await takeCreation(tables, creation, seen))) continue
    const sessionId = await create(options, request, { creation, seen })
    if (sessionId !== null) return { sessionId, created: true }
  }
}

async function waitForOther(
  { clock, createPollMs }: EnsureOptions,
  { conversationId, signal }: SessionRequest,
  deadline: number,
): Promise<void> {
  if (clock.now() >= deadline) {
    throw new SessionError(
      'session_create_timeout',
      `Another worker did not create the session of conversation ${conversationId} in time; try again.`,
    )
  }
  await clock.sleep(createPollMs, signal === undefined ? {} : { signal })
}

/** Creates and stores under a creation that was just taken; null when it took too long and another worker took over. */
async function create(
  options: EnsureOptions,
  request: SessionRequest,
  { creation, seen }: { readonly creation: Creation; readonly seen: SessionRow },
): Promise<string | null> {
  const { tables } = options
  const { upstream } = request
  let id: string
  try {
    if (seen.sessionId !== null) await discard(options, request, seen.sessionId)
    for (const key of seen.keys) await discardLeftovers(options, request, key)
    const created = await upstream.create({ key: creation.key, title: seen.title })
    id = created.id
    if (typeof id !== 'string' || id === '' || id.length > maxSessionIdLength) {
      throw new SessionError(
        'session_create_failed',
        `The upstream created a session for conversation ${creation.conversationId} without a usable id.`,
      )
    }
  } catch (error) {
    await endCreation(tables, creation, null).catch(() => false)
    throw error
  }
  if (await store(options, request, { creation, id })) return id
  await discard(options, request, id)
  return null
}

async function store(
  options: EnsureOptions,
  request: SessionRequest,
  { creation, id }: { readonly creation: Creation; readonly id: string },
): Promise<boolean> {
  const { tables } = options
  try {
    return await endCreation(tables, creation, id)
  } catch (error) {
    // The statement may have taken effect before the connection broke; deleting now could delete the row's session.
    const row = await findSession(tables, creation.conversationId).catch(() => undefined)
    if (row?.sessionId === id) return true
    if (row !== undefined) await discard(options, request, id)
    throw error
  }
}

/** A key in the row means that its creation did not end, or that its session counts as gone. */
async function discardLeftovers(
  options: EnsureOptions,
  request: SessionRequest,
  key: string,
): Promise<void> {
  for (let count = 0; count < maxLeftoversPerKey; count += 1) {
    const found = (await request.upstream.find?.(key)) ?? null
    if (found === null || !(await discard(options, request, found.id))) return
  }
}

/** A session that cannot be deleted must not keep the conversation from getting a new one. */
async function discard(
  { onOrphan }: EnsureOptions,
  { conversationId, upstream }: SessionRequest,
  sessionId: string,
): Promise<boolean> {
  try {
    await upstream.delete(sessionId)
    return true
  } catch (error) {
    onOrphan?.({ conversationId, sessionId, error })
    return false
  }
}
