import { assertDuration } from '../values/asserts.js'
import {
  findDue,
  findPending,
  findStranded,
  findUnclosed,
  stampPending,
} from '../statements/upkeep/find-turns.js'
import { isSessionInUse } from '../creation/confirm-session.js'
import { freeLeases } from '../statements/upkeep/free-leases.js'
import { keysInRows, sessionRowsAfter, sessionsInUse } from '../statements/upkeep/session-rows.js'
import type { Tables } from '../tables.js'
import type {
  SweepReport,
  SweepRequest,
  SweepUpstream,
  UpstreamSession,
} from '../store/upkeep-verbs.js'

/** @internal */
export interface SweepContext {
  readonly tables: Tables
  readonly createMs: number
  readonly keyPrefix: string
}

type Orphan = SweepReport['orphanSessions'][number]

/** A creation may store its session for twice `createMs`; the third is for clocks that differ. */
const creationsPerAge = 3

/**
 * Every write repeats its condition, so two sweeps at once, or a sweep beside workers, find the row as it is or leave it: no
 * lock is held, and none is skipped.
 *
 * @internal
 */
export async function sweep(
  { tables, createMs, keyPrefix }: SweepContext,
  request: SweepRequest,
): Promise<SweepReport> {
  const { upstream, sessionsAfter } = request
  const limit = assertLimit(request.limit ?? 100)
  const pendingMs = assertDuration('pendingOlderThanMs', request.pendingOlderThanMs ?? 300_000)
  const expiredMs = assertDuration('expiredOlderThanMs', request.expiredOlderThanMs ?? 300_000)
  const unclosedMs = assertDuration('unclosedOlderThanMs', request.unclosedOlderThanMs ?? 60_000)
  if (sessionsAfter !== undefined && upstream === undefined) {
    throw new TypeError('`sessionsAfter` needs `upstream`: it says which sessions there are.')
  }
  const now = tables.clock.now()
  const search = { now, limit }

  const leases = await freeLeases(tables, { expiredBefore: now - expiredMs, limit })
  const stranded = await findStranded(tables, search)
  const due = await findDue(tables, search)
  const hasUnstamped = await stampPending(tables, search)
  const pending = await findPending(tables, { ...search, since: now - pendingMs })
  const unclosed = await findUnclosed(tables, { ...search, endedBefore: now - unclosedMs })
  const sessions =
    upstream === undefined
      ? null
      : await sweepSessions(tables, upstream, {
          bornBefore: now - creationsPerAge * createMs,
          keyPrefix,
          limit,
          after: sessionsAfter,
        })
  return {
    freedLeases: leases.freed,
    strandedTurns: stranded.turns,
    dueTurns: due.turns,
    pendingTurns: pending.turns,
    unclosedTurns: unclosed.turns,
    orphanSessions: sessions?.orphans ?? [],
    lostSessions: sessions?.lost ?? [],
    nextSessionsAfter: sessions?.next ?? null,
    hasMore:
      hasUnstamped ||
      (sessions?.hasMore ?? false) ||
      [leases, stranded, due, pending, unclosed].some(({ hasMore }) => hasMore),
  }
}

interface SessionSearch {
  readonly bornBefore: number
  readonly keyPrefix: string
  readonly limit: number
  readonly after: SweepRequest['sessionsAfter']
}

interface SweptSessions {
  readonly orphans: readonly Orphan[]
  readonly lost: SweepReport['lostSessions']
  readonly next: SweepReport['nextSessionsAfter']
  readonly hasMore: boolean
}

/** The rows are read after the list: what was stored meanwhile is in use. */
async function sweepSessions(
  tables: Tables,
  upstream: SweepUpstream,
  { bornBefore, keyPrefix, limit, after }: SessionSearch,
): Promise<SweptSessions> {
  // Before the list, too: a session that was created in between is not on it, and must not pass for lost.
  const owners = after === undefined ? [] : await sessionRowsAfter(tables, { after, limit })
  const { sessions, isComplete } = await upstream.list()
  const isOrphan = await ownership(tables, sessions, { bornBefore, keyPrefix })
  const orphans: Orphan[] = []
  for (const { session, isOurs } of isOrphan.slice(0, limit)) {
    const { id: sessionId, createdAt } = session
    // Once more by a write: a read that lags behind does not show a session that was stored meanwhile.
    if (await isSessionInUse(tables, sessionId)) continue
    const deleted = isOurs && (await discard(upstream, sessionId))
    orphans.push({ sessionId, key: session.key ?? '', createdAt, deleted })
  }
  const listed = new Set(sessions.map(({ id }) => id))
  const isWhole = owners.length < limit
  return {
    orphans,
    lost: isComplete ? owners.filter(({ sessionId }) => !listed.has(sessionId)) : [],
    next: isWhole ? null : (owners.at(-1)?.conversationId ?? null),
    hasMore: isOrphan.length > limit || !isWhole,
  }
}

/** Old sessions with a key and without a row; `isOurs` where the key itself says so, or a row names it. */
async function ownership(
  tables: Tables,
  sessions: readonly UpstreamSession[],
  { bornBefore, keyPrefix }: Pick<SessionSearch, 'bornBefore' | 'keyPrefix'>,
): Promise<readonly { readonly session: UpstreamSession; readonly isOurs: boolean }[]> {
  const old = sessions.filter(({ key, createdAt }) => key !== null && createdAt < bornBefore)
  if (old.length === 0) return []
  const inUse = await sessionsInUse(
    tables,
    old.map(({ id }) => id),
  )
  const free = old.filter(({ id }) => !inUse.has(id))
  if (free.length === 0) return []
  const named = await keysInRows(tables)
  return free.map((session) => {
    const { key } = session
    const hasPrefix = keyPrefix !== '' && key !== null && key.startsWith(keyPrefix)
    return { session, isOurs: hasPrefix || (key !== null && named.has(key)) }
  })
}

/** One that cannot be deleted now is found by the next sweep. */
async function discard(upstream: SweepUpstream, sessionId: string): Promise<boolean> {
  try {
    await upstream.delete(sessionId)
    return true
  } catch {
    return false
  }
}

function assertLimit(limit: number): number {
  if (Number.isSafeInteger(limit) && limit > 0 && limit <= 10_000) return limit
  throw new RangeError('`limit` must be a whole number from 1 to 10 000.')
}
