import type { Clock } from './clock.js'
import { SessionError } from './errors.js'
import type { RowId } from './records.js'
import type { SessionResult } from './session-store.js'
import type { SessionUpstream } from './session-upstream.js'
import { endMint } from './statements/end-mint.js'
import { findSession } from './statements/find-session.js'
import type { SessionRow } from './statements/find-session.js'
import { takeMint } from './statements/take-mint.js'
import type { Mint } from './statements/take-mint.js'
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
export interface MintOptions {
  readonly tables: Tables
  readonly clock: Clock
  readonly randomId: () => string
  readonly mintMs: number
  readonly mintWaitMs: number
  readonly mintPollMs: number
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
const maxLeftoversPerToken = 4

/**
 * Reads until the row holds a session that is not the stale one, and mints it when nobody else does. The right to
 * mint is a claim in the row that expires; who lost it deletes what it created.
 *
 * @internal
 */
export async function obtainSession(
  options: MintOptions,
  request: SessionRequest,
): Promise<SessionResult> {
  const { tables, clock } = options
  const { conversationId, staleSessionId, signal } = request
  const deadline = clock.now() + options.mintWaitMs
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
    const mint: Mint = {
      conversationId,
      token: options.randomId(),
      claim: options.randomId(),
      expiresAt: now + options.mintMs,
    }
    if (!(await takeMint(tables, mint, seen))) continue
    const sessionId = await create(options, request, { mint, seen })
    if (sessionId !== null) return { sessionId, created: true }
  }
}

async function waitForOther(
  { clock, mintPollMs }: MintOptions,
  { conversationId, signal }: SessionRequest,
  deadline: number,
): Promise<void> {
  if (clock.now() >= deadline) {
    throw new SessionError(
      'mint_timeout',
      `Another worker did not create the session of conversation ${conversationId} in time; try again.`,
    )
  }
  await clock.sleep(mintPollMs, signal === undefined ? {} : { signal })
}

/** Creates and stores under a mint that was just taken; null when it took too long and another worker took over. */
async function create(
  options: MintOptions,
  request: SessionRequest,
  { mint, seen }: { readonly mint: Mint; readonly seen: SessionRow },
): Promise<string | null> {
  const { tables } = options
  const { upstream } = request
  let id: string
  try {
    if (seen.sessionId !== null) await discard(options, request, seen.sessionId)
    for (const token of seen.tokens) await discardLeftovers(options, request, token)
    const created = await upstream.create({ token: mint.token, title: seen.title })
    id = created.id
    if (typeof id !== 'string' || id === '' || id.length > maxSessionIdLength) {
      throw new SessionError(
        'mint_failed',
        `The upstream created a session for conversation ${mint.conversationId} without a usable id.`,
      )
    }
  } catch (error) {
    await endMint(tables, mint, null).catch(() => false)
    throw error
  }
  if (await store(options, request, { mint, id })) return id
  await discard(options, request, id)
  return null
}

async function store(
  options: MintOptions,
  request: SessionRequest,
  { mint, id }: { readonly mint: Mint; readonly id: string },
): Promise<boolean> {
  const { tables } = options
  try {
    return await endMint(tables, mint, id)
  } catch (error) {
    // The statement may have taken effect before the connection broke; deleting now could delete the row's session.
    const row = await findSession(tables, mint.conversationId).catch(() => undefined)
    if (row?.sessionId === id) return true
    if (row !== undefined) await discard(options, request, id)
    throw error
  }
}

/** A token in the row means that its mint did not end, or that its session counts as gone. */
async function discardLeftovers(
  options: MintOptions,
  request: SessionRequest,
  token: string,
): Promise<void> {
  for (let count = 0; count < maxLeftoversPerToken; count += 1) {
    const found = (await request.upstream.find?.(token)) ?? null
    if (found === null || !(await discard(options, request, found.id))) return
  }
}

/** A session that cannot be deleted must not keep the conversation from getting a new one. */
async function discard(
  { onOrphan }: MintOptions,
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
