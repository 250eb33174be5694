import { type Session, type SessionInput, WireError } from '@turnstead/wire'
import type { SessionSetup } from '../options.js'
import { splitModel } from '../prompt.js'
import type { SessionUpstream } from '../ports.js'
import type { RequestLimits } from '../run/limits.js'
import { requestLimits, type TurnRun } from '../run/run.js'

/** The key in an upstream session's metadata that names its creation, so that a lost one can be found. */
const metadataKey = 'turnstead'
/** So many sessions are asked for at once; the server's default page would hide older ones. */
const sessionsPerPage = 10_000

/** The server's side of making, finding and ending the session of a conversation. */
export function sessionUpstream(run: TurnRun): SessionUpstream {
  const { client, session: input, budgets } = run.setup
  const { model, ...rest } = input
  return {
    async create({ key, title }) {
      const named = input.title === undefined && title !== null ? { title } : {}
      const metadata = { [metadataKey]: key }
      await run.lease.confirm()
      return await client.session.create(
        { ...rest, ...modelOf(model), ...named, metadata },
        requestLimits(run),
      )
    },
    async delete(sessionId) {
      try {
        // Without the turn's signal: a session that nothing refers to must go, most of all when the turn is stopped early.
        await client.session.delete(sessionId, { timeoutMs: budgets.requestMs })
      } catch (error) {
        if (!isSessionGone(error)) throw error
      }
    },
    async abort(sessionId) {
      await client.session.abort(sessionId, requestLimits(run))
    },
    async find(key) {
      const sessions = await client.session.list(
        { limit: sessionsPerPage, roots: true },
        requestLimits(run),
      )
      return sessions.find((session) => session.metadata?.[metadataKey] === key) ?? null
    },
  }
}

/** A session names its model by other fields than a prompt does. */
function modelOf(model: SessionSetup['model']): Pick<SessionInput, 'model'> {
  if (typeof model !== 'string') return model === undefined ? {} : { model }
  const [providerID, id] = splitModel(model)
  return { model: { providerID, id } }
}

/** Whether the server says that it does not know a session. Alone it proves little: see {@link findUpstream}. */
export function isSessionGone(error: unknown): boolean {
  return WireError.is(error) && error.code === 'session_not_found'
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
