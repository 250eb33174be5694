import type { RowId, SessionOptions, SessionUpstream, TurnStore } from '../ports.js'
import { type Conversation, conversationOf, type Rows } from './rows.js'

type Sessions = Required<Pick<TurnStore, 'ensureSession' | 'recreateSession' | 'noteSession'>>
type Obtained = Awaited<ReturnType<Sessions['ensureSession']>>

/** The upstream sessions of conversations: of any number of callers one creates, the others wait for it. */
export function createMemorySessions(rows: Rows): Sessions {
  const obtain = async (
    conversationId: RowId,
    upstream: SessionUpstream,
    staleSessionId: string | null,
    { lease, rules = null }: SessionOptions = {},
  ): Promise<Obtained> => {
    const conversation = conversationOf(rows, conversationId)
    if (conversation === undefined) {
      throw new TypeError(`no conversation has the id ${String(conversationId)}`)
    }
    if (lease !== undefined && conversation.fence !== lease.fence) throw leaseLost(conversationId)
    const known = (sessionId: string, created: boolean): Obtained => {
      const { rules: kept, title } = conversation
      return { sessionId, created, rules: kept, title }
    }
    if (conversation.creating !== null) return known(await conversation.creating, false)
    if (conversation.sessionId !== null && conversation.sessionId !== staleSessionId) {
      return known(conversation.sessionId, false)
    }
    const sessionId = await create(conversation, upstream)
    conversation.rules = rules
    return known(sessionId, true)
  }
  return {
    ensureSession: (conversationId, upstream, options) =>
      obtain(conversationId, upstream, null, options),
    recreateSession: (conversationId, stale, upstream, options) =>
      obtain(conversationId, upstream, stale, options),
    async noteSession(lease, { sessionId, rules, title }) {
      const conversation = conversationOf(rows, lease.conversationId)
      if (conversation?.fence !== lease.fence || conversation.sessionId !== sessionId) return false
      if (rules !== undefined) conversation.rules = rules
      if (title !== undefined) conversation.title = title
      return true
    },
  }
}

async function create(conversation: Conversation, upstream: SessionUpstream): Promise<string> {
  const key = globalThis.crypto.randomUUID()
  conversation.creating = upstream.create({ key, title: null }).then(({ id }) => id)
  try {
    conversation.sessionId = await conversation.creating
    return conversation.sessionId
  } finally {
    conversation.creating = null
  }
}

function leaseLost(conversationId: RowId): Error {
  const error = new Error(
    `conversation ${String(conversationId)} is not held by this lease any more`,
  )
  return Object.assign(error, { code: 'lease_lost' })
}
