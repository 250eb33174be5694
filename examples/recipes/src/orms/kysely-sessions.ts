import { SessionError } from '@turnstead/session'
import type { Clock, RowId, SessionStore, SessionUpstream } from '@turnstead/session'
import { randomUUID } from 'node:crypto'

/** What a chat knows of its session upstream. */
export interface ChatSession {
  sessionId: string | null
  /** The one that is under way, and when another worker may take it over. */
  creation: { readonly key: string; readonly expiresAt: number } | null
  /** Of creations that did not end: what they may have left upstream is looked for by the next. */
  keys: readonly string[]
}

type Sessions = Pick<SessionStore, 'ensureSession' | 'recreateSession' | 'abortSession'>
type Obtained = Awaited<ReturnType<Sessions['ensureSession']>>

const usableId = /^\w[\w.~-]{0,127}$/
const pollMs = 10

/** Of any number of workers one creates the session; no lock is held while it does. */
export function createSessions({
  inChat,
  clock,
  createMs,
}: {
  readonly inChat: <T>(id: RowId, act: (chat: ChatSession | null) => Promise<T>) => Promise<T>
  readonly clock: Clock
  readonly createMs: number
}): Sessions {
  const mustBe = (chat: ChatSession | null, id: RowId): ChatSession => {
    if (chat !== null) return chat
    throw new SessionError('conversation_not_found', `No chat has the id ${id}.`)
  }

  async function obtain(
    id: RowId,
    upstream: SessionUpstream,
    stale: string | null,
    signal: AbortSignal | undefined,
  ): Promise<Obtained> {
    for (;;) {
      signal?.throwIfAborted()
      const step = await inChat(id, async (known) => {
        const chat = mustBe(known, id)
        const { sessionId, creation, keys } = chat
        if (sessionId !== null && sessionId !== stale) return { sessionId }
        if (creation !== null && creation.expiresAt > clock.now()) return null
        const key = randomUUID()
        chat.sessionId = null
        chat.creation = { key, expiresAt: clock.now() + createMs }
        chat.keys = [...keys, key]
        return { sessionId: null, key, keys }
      })
      const known = { rules: null, title: null }
      if (step === null) await clock.sleep(pollMs, signal === undefined ? {} : { signal })
      else if (step.sessionId !== null) {
        return { ...known, sessionId: step.sessionId, created: false }
      } else {
        const sessionId = await create(id, upstream, step)
        if (sessionId !== null) return { ...known, sessionId, created: true }
      }
    }
  }

  /** Null when it took too long, and another worker took over. */
  async function create(
    id: RowId,
    upstream: SessionUpstream,
    { key, keys }: { readonly key: string; readonly keys: readonly string[] },
  ): Promise<string | null> {
    const left: string[] = []
    const end = (ended: Partial<ChatSession>): Promise<boolean> =>
      inChat(id, async (chat) => {
        if (chat === null || chat.creation?.key !== key) return false
        Object.assign(chat, { creation: null, ...ended })
        return true
      })
    try {
      for (const old of keys) if (!(await isCleared(upstream, old))) left.push(old)
      const created: unknown = await upstream.create({ key, title: null })
      const { id: sessionId } = (created ?? {}) as { readonly id?: unknown }
      if (typeof sessionId !== 'string' || !usableId.test(sessionId)) {
        throw new SessionError(
          'session_create_failed',
          `The session of chat ${id} has no usable id.`,
        )
      }
      if (await end({ sessionId, keys: left })) return sessionId
      await upstream.delete(sessionId).catch(() => undefined)
      return null
    } catch (error) {
      // Who took over has looked for our key already.
      if (!(await end({}))) await isCleared(upstream, key).catch(() => false)
      throw error
    }
  }

  return {
    ensureSession: (id, upstream, { signal } = {}) => obtain(id, upstream, null, signal),
    recreateSession: (id, stale, upstream, { signal } = {}) => obtain(id, upstream, stale, signal),
    abortSession: async (id, upstream) => {
      const sessionId = await inChat(id, async (chat) => mustBe(chat, id).sessionId)
      if (sessionId !== null) await upstream.abort(sessionId)
      return sessionId !== null
    },
  }
}

/** Deletes what a creation left; false when its key must be kept. */
async function isCleared(upstream: SessionUpstream, key: string): Promise<boolean> {
  const found = upstream.find === undefined ? 'incomplete' : await upstream.find(key)
  if (found === null) return true
  if (found === 'incomplete') return false
  return upstream.delete(found.id).then(
    () => true,
    () => false,
  )
}
