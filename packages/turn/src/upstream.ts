import { type Session, type SessionInput, WireError } from '@turnstead/wire'
import type { SessionSetup } from './options.js'
import type { SessionUpstream, TurnClient } from './ports.js'
import { splitModel } from './prompt.js'

/** The key in an upstream session's metadata that names its creation, so that a lost one can be found. */
const metadataKey = 'turnstead'
/** And what says that it was made in place of one that the server did not know any more, of which nothing is in it. */
const recreatedKey = 'turnstead-recreated'
/** So many sessions are asked for at once; the server's default page would hide older ones. */
const sessionsPerPage = 10_000

/** A session as the server lists it. */
export interface ListedSession {
  readonly id: string
  /** Names its creation; null for a session that others made. */
  readonly key: string | null
  /** In milliseconds since the epoch. */
  readonly createdAt: number
}

/** The OpenCode server as the verbs of a store take it: for `ensureSession`, `removeConversation` and `sweep`. */
export interface ClientUpstream extends SessionUpstream {
  create(session: { readonly key: string; readonly title: string | null }): Promise<Session>
  /** The sessions of the client's directory. */
  list(): Promise<{ readonly sessions: readonly ListedSession[]; readonly isComplete: boolean }>
}

/** What a {@link ClientUpstream} uses. */
export interface UpstreamOptions {
  /** How sessions are made. Default: as the server does. */
  readonly session?: SessionSetup
  /** For each request. Default 10,000 ms. */
  readonly requestMs?: number
  /** Gives up what is under way, but never a deletion. */
  readonly signal?: AbortSignal
  /** New sessions are made in place of one that is lost. Default: no. */
  readonly isRecreating?: boolean
}

/**
 * The server's side of making, finding and ending the sessions of conversations.
 *
 * @example
 * await store.removeConversation(conversationId, sessionUpstream(client))
 */
export function sessionUpstream(
  client: Pick<TurnClient, 'session'> & Partial<Pick<TurnClient, 'permission' | 'question'>>,
  { session: input = {}, requestMs = 10_000, signal, isRecreating = false }: UpstreamOptions = {},
): ClientUpstream {
  const { session } = client
  const limits = { timeoutMs: requestMs, ...(signal === undefined ? {} : { signal }) }
  const list = async (): Promise<Awaited<ReturnType<typeof session.list>>> =>
    // The session of a sub-agent has a parent, too.
    await session.list(
      {
        limit: sessionsPerPage,
        ...(input.parentID === undefined ? { roots: true } : {}),
      },
      limits,
    )
  return {
    async create({ key, title }) {
      const { agent: _, model, metadata, ...rest } = input
      const named = input.title === undefined && title !== null ? { title } : {}
      const mark = isRecreating ? { [recreatedKey]: true } : {}
      return await session.create(
        { ...rest, ...modelOf(model), ...named, metadata: { ...withKey(metadata, key), ...mark } },
        limits,
      )
    },
    async delete(sessionId) {
      try {
        // The server goes on with what runs in a session that it deletes. Without the signal: a session that nothing
        // refers to must go, most of all when a turn is stopped early.
        await session.abort(sessionId, { timeoutMs: requestMs })
        await session.delete(sessionId, { timeoutMs: requestMs })
      } catch (error) {
        if (!isSessionGone(error)) throw error
      }
    },
    async abort(sessionId) {
      await session.abort(sessionId, limits)
      await rejectAsks(client, sessionId, limits)
    },
    async find(key) {
      const sessions = await list()
      const found = sessions.find(({ metadata }) => metadata?.[metadataKey] === key)
      return found ?? (sessions.length < sessionsPerPage ? null : 'incomplete')
    },
    async list() {
      const sessions = await list()
      const listed = sessions.map(({ id, metadata, time }): ListedSession => {
        const key: unknown = metadata?.[metadataKey]
        return { id, key: typeof key === 'string' ? key : null, createdAt: time.created }
      })
      return { sessions: listed, isComplete: sessions.length < sessionsPerPage }
    },
  }
}

/** What is asked outlives its run, and answered later it would still run. A turn that waits without a worker has no one who rejects it. */
async function rejectAsks(
  { session, permission, question }: Parameters<typeof sessionUpstream>[0],
  sessionId: string,
  limits: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  const ids = new Set([sessionId])
  // Those of sub-agents come to the end of what is walked through.
  for (const id of ids) {
    const children = await session.children(id, limits).catch(unlessGone)
    for (const child of children) ids.add(child.id)
  }
  const isOurs = (ask: { readonly sessionID: string }): boolean => ids.has(ask.sessionID)
  const questions = (await question?.list(limits)) ?? []
  for (const { id } of questions.filter(isOurs)) {
    await question?.reject(id, limits).catch(unlessGone)
  }
  // The server cannot list them while one of the directory cannot be written down.
  const permissions = (await permission?.list(limits).catch(unlessUnreadable)) ?? []
  for (const { id } of permissions.filter(isOurs)) {
    await permission?.reply(id, { reply: 'reject' }, limits).catch(unlessGone)
  }
}

/** With one of a session the server rejects its others, and a session may be on another server. */
function unlessGone(error: unknown): [] {
  if (WireError.is(error) && error.status === 404) return []
  throw error
}

function unlessUnreadable(error: unknown): [] {
  if (WireError.is(error) && error.code === 'unreadable_entry') return []
  throw error
}

/** The host's own metadata with the key that names the creation. */
export function withKey(
  metadata: SessionSetup['metadata'],
  key: string,
): NonNullable<SessionInput['metadata']> {
  return { ...metadata, [metadataKey]: key }
}

/** Whether a session was made in place of one that was lost: where nothing was asked in it yet, the agent has just forgotten all. */
export function wasRecreated({ metadata }: Pick<Session, 'metadata'>): boolean {
  return metadata?.[recreatedKey] === true
}

/** A session names its model by other fields than a prompt does. */
function modelOf(model: SessionSetup['model']): Pick<SessionInput, 'model'> {
  if (typeof model !== 'string') return model === undefined ? {} : { model }
  const [providerID, id] = splitModel(model)
  return { model: { providerID, id } }
}

/** Whether the server says that it does not know a session. Alone it proves little. */
export function isSessionGone(error: unknown): boolean {
  return WireError.is(error) && error.code === 'session_not_found'
}
