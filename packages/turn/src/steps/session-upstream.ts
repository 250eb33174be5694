import { type Session, WireError } from '@turnstead/wire'
import type { SessionUpstream } from '../ports.js'
import type { RequestLimits } from '../run/server.js'
import { requestLimits, type TurnRun } from '../run/run.js'
import { isSessionGone, sessionUpstream } from '../upstream.js'

/** How sessions are made. */
export interface Making {
  /** In place of one that is lost. Default: no. */
  readonly isRecreating?: boolean
  /** Receives each session that is made. */
  readonly onMade?: (session: Session) => void
}

/** The server's side of making, finding and ending the session of a turn's conversation. */
export function turnUpstream(
  run: TurnRun,
  { isRecreating = false, onMade = () => undefined }: Making = {},
): SessionUpstream {
  const { client, session, budgets } = run.setup
  const { requestMs } = budgets
  const upstream = sessionUpstream(client, { session, requestMs, signal: run.signal, isRecreating })
  return {
    ...upstream,
    async create(request) {
      await run.lease.confirm(run.signal)
      const made = await upstream.create(request)
      onMade(made)
      return made
    },
  }
}

/** A request that names nothing cannot miss anything: whoever answers 404 to it is not the server, or not yet. */
export function isNotFound(error: unknown): boolean {
  return WireError.is(error) && (error.code === 'not_found' || isSessionGone(error))
}

/**
 * Binds the client of a run to the directory of a session that it did not open itself: from another directory the session
 * would look idle and without asks.
 *
 * @returns false when the server does not know the session any more.
 */
export async function bindToSession(
  run: TurnRun,
  sessionId: string,
  limits: RequestLimits = requestLimits(run),
): Promise<boolean> {
  const session = await findUpstream(run, sessionId, limits)
  if (session !== null) await run.server.bindTo(session, limits)
  return session !== null
}

/** Between the questions whether a session is gone. */
const confirmDelaysMs = [250, 500, 1_000]

/**
 * The session as the server has it; null when it really is gone: a balancer that asked the wrong backend, or a server that has
 * just come up, answers so once, and then a conversation must not lose its history.
 */
export async function findUpstream(
  run: TurnRun,
  sessionId: string,
  limits: RequestLimits = requestLimits(run),
): Promise<Session | null> {
  const { client, clock } = run.setup
  for (let asked = 0; ; asked += 1) {
    try {
      return await client.session.get(sessionId, limits)
    } catch (error) {
      if (!isSessionGone(error)) throw error
      const delayMs = confirmDelaysMs[asked]
      if (delayMs === undefined) return null
      await clock.sleep(delayMs, limits.signal === undefined ? {} : { signal: limits.signal })
    }
  }
}
