import type { RowId, SessionUpstream, TurnStore } from '../ports.js'
import { type Conversation, conversationOf, type Rows } from './rows.js'

type Sessions = Pick<TurnStore, 'ensureSession' | 'recreateSession'>
type Obtained = Awaited<ReturnType<Sessions['ensureSession']>>

/** The upstream sessions of conversations: of any number of callers one creates, the others wait for it. */
export function createMemorySessions(rows: Rows): Sessions {
  const obtain = async (
    conversationId: RowId,
    upstream: SessionUpstream,
    staleSessionId: string | null,
  ): Promise<Obtained> => {
    const conversation = conversationOf(rows, conversationId)
    if (conversation === undefined) {
      throw new TypeError(`no conversation has the id ${String(conversationId)}`)
    }
    if (conversation.creating !== null) {
      return { sessionId: await conversation.creating, created: false }
    }
    if (conversation.sessionId !== null && conversation.sessionId !== staleSessionId) {
      return { sessionId: conversation.sessionId, created: false }
    }
    return { sessionId: await create(conversation, upstream), created: true }
  }
  return {
    ensureSession: (conversationId, upstream) => obtain(conversationId, upstream, null),
    recreateSession: (conversationId, stale, upstream) => obtain(conversationId, upstream, stale),
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
