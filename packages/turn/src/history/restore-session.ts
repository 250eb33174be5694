import { type Session, WireError } from '@turnstead/wire'
import { sessionLost, sessionNotRestored } from '../errors.js'
import type { HistoryEntry, HistorySession } from '../ports/history.js'
import { withRetry } from '../run/retry.js'
import { requestLimits, type TurnRun } from '../run/run.js'
import { isSessionGone } from '../upstream.js'
import { askHost } from './ask-host.js'
import { idOf, mergeEntries } from './merge-entries.js'
import { inPieces, type ReplayEvent, restoringKey, toReplayEvents } from './replay-events.js'

/** The server writes about a megabyte in a third of a second. */
const pieceBytes = 2 * 1024 * 1024
const pieceMs = 60_000

/** Whether an earlier restore of this session did not come to its end. */
export function isHalfRestored({ metadata }: Pick<Session, 'metadata'>): boolean {
  return metadata?.[restoringKey] === true
}

/** A session that the server knows again. */
export interface RestoredSession {
  readonly session: Session
  /** Whether a message was among what is kept. */
  has(messageId: string): boolean
}

/**
 * Tells the server what is kept of a conversation that it does not know, or knows less of: the sessions of sub-agents first, then the
 * conversation's own, which says until its last event that it is not whole. The host's files come back before.
 *
 * @param stale - What the server has of it, which is deleted first: the server takes no other log for a session that it has.
 * @throws TurnError `session_lost` when nothing is kept, `session_not_restored` when the server does not take it or it is damaged.
 */
export async function restoreSession(
  run: TurnRun,
  sessionId: string,
  stale: Session | null,
): Promise<RestoredSession> {
  const entries = await readEntries(run, sessionId)
  const [newest] = entries.slice(-1)
  if (newest === undefined || newest.sessionId !== sessionId) {
    throw sessionLost(sessionId, 'nothing of it is kept')
  }
  const lacking = entries.find(({ lacks }) => lacks !== null)
  if (lacking !== undefined) {
    throw sessionNotRestored(
      sessionId,
      `messages of turn ${lacking.turnId} could not be kept`,
      new Error(lacking.lacks ?? ''),
    )
  }
  const sessions = mergeEntries(entries)
  const root = sessions.at(-1)
  if (root === undefined) throw sessionLost(sessionId, 'nothing of it is kept')
  const directory = directoryOf(root)
  await filesFirst(run, { sessionId, directory })
  const isReplaced = stale !== null && !isHalfRestored(stale)
  if (isReplaced) await removeStale(run, stale)
  for (const session of sessions) await replay(run, session, directory)
  const ids = new Set(root.messages.map(({ info }) => idOf(info)))
  return { session: await confirm(run, sessionId, newest), has: (id) => ids.has(id) }
}

async function readEntries(run: TurnRun, sessionId: string): Promise<readonly HistoryEntry[]> {
  const { setup } = run
  try {
    return await withRetry(setup, {
      step: 'history',
      signal: run.signal,
      attempt: async () => (await setup.history?.read(setup.conversationId)) ?? [],
    })
  } catch (error) {
    run.signal.throwIfAborted()
    const code: unknown = (error as { readonly code?: unknown } | null)?.code
    if (code !== 'history_damaged') throw error
    throw sessionNotRestored(sessionId, 'what is kept of it is damaged', error)
  }
}

async function filesFirst(
  run: TurnRun,
  about: { readonly sessionId: string; readonly directory: string },
): Promise<void> {
  const { recovery, conversationId } = run.setup
  const { beforeRestore } = recovery
  if (beforeRestore === undefined) return
  const { sessionId } = about
  await askHost(run, { name: 'beforeRestore', sessionId }, () =>
    beforeRestore({ ...about, conversationId, signal: run.signal }),
  )
}

/** Only what is idle: a run that is under way there is somebody's. */
async function removeStale(run: TurnRun, stale: Session): Promise<void> {
  const { id: sessionId } = stale
  const limits = requestLimits(run)
  const ask = <Value>(attempt: () => Promise<Value>): Promise<Value> =>
    withRetry(run.setup, { step: 'session', signal: run.signal, attempt })
  // From another directory it would look idle.
  await ask(() => run.server.bindTo(stale, limits))
  const { session } = run.server.client
  const statuses = await ask(() => session.status(limits))
  if (statuses[sessionId] !== undefined && statuses[sessionId].type !== 'idle') {
    throw sessionNotRestored(
      sessionId,
      'the server has an older state of it, in which a run is under way',
    )
  }
  await ask(async () => {
    await run.lease.confirm(run.signal)
    try {
      await session.delete(sessionId, limits)
    } catch (error) {
      // A try whose answer was lost.
      if (!isSessionGone(error)) throw error
    }
  })
}

async function replay(run: TurnRun, session: HistorySession, directory: string): Promise<void> {
  for (const events of inPieces(toReplayEvents(session), pieceBytes)) {
    await withRetry(run.setup, {
      step: 'session',
      signal: run.signal,
      limitMs: Math.max(pieceMs, run.setup.budgets.requestMs),
      attempt: () => send(run, { sessionId: idOf(session.info), directory, events }),
    })
  }
}

async function send(
  run: TurnRun,
  {
    sessionId,
    directory,
    events,
  }: { sessionId: string; directory: string; events: readonly ReplayEvent[] },
): Promise<void> {
  await run.lease.confirm(run.signal)
  try {
    await run.server.client.request('POST', '/sync/replay', {
      body: { directory, events: [...events] },
      signal: run.signal,
      timeoutMs: pieceMs,
    })
  } catch (error) {
    throw refusal(sessionId, error)
  }
}

/** Other failures may pass, and the same events may be sent again. */
function refusal(sessionId: string, error: unknown): unknown {
  if (!WireError.is(error)) return error
  if (error.code === 'not_found' || (error.code === 'foreign_response' && error.status === 200)) {
    return sessionNotRestored(sessionId, 'this server cannot be told of sessions', error)
  }
  const isRefused =
    error.code === 'bad_request' || (error.code === 'server_error' && error.status === 500)
  return isRefused ? sessionNotRestored(sessionId, 'the server does not take it', error) : error
}

async function confirm(
  run: TurnRun,
  sessionId: string,
  { newestId }: HistoryEntry,
): Promise<Session> {
  return await withRetry(run.setup, {
    step: 'session',
    signal: run.signal,
    async attempt() {
      const { client } = run.server
      const limits = requestLimits(run)
      const session = await client.session.get(sessionId, limits)
      const { messages } = await client.message.newest(sessionId, { limit: 1 }, limits)
      if (messages.at(-1)?.info.id === newestId && !isHalfRestored(session)) return session
      throw sessionNotRestored(sessionId, 'the server has taken it and does not show it')
    },
  })
}

function directoryOf({ info }: HistorySession): string {
  const { directory } = info
  return typeof directory === 'string' ? directory : ''
}
