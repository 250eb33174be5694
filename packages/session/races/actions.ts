import type { Lease, OpenAsk, SessionStore } from '../src/index.js'
import { completed, failed, firstPrompt, partial } from '../src/contract/subject.js'
import type { upstreamAt } from './upstream.js'

/** A verb and what it is called with, as it goes from process to process. */
export type Action =
  | { readonly verb: 'claim' | 'claimConversation'; readonly ids: Ids; readonly leaseMs?: number }
  | {
      readonly verb:
        | 'adopt'
        | 'renew'
        | 'renewAll'
        | 'release'
        | 'recordPrompt'
        | 'snapshot'
        | 'settle'
        | 'fail'
        | 'keepPartial'
        | 'closeTurn'
        | 'openAsk'
        | 'noteSession'
      readonly lease: Lease
      readonly sessionId?: string
    }
  | { readonly verb: 'cancel' | 'read' | 'answerAsk' | 'peek'; readonly turnId: number }
  | { readonly verb: 'ensureSession'; readonly conversationId: number; readonly times: number }
  | {
      readonly verb: 'recreateSession'
      readonly conversationId: number
      readonly staleSessionId: string
    }
  | { readonly verb: 'removeConversation'; readonly conversationId: number }
  | { readonly verb: 'sweep' }

export interface Ids {
  readonly conversationId: number
  readonly turnId: number
}

export const leaseMs = 60_000

/** The one ask of each turn. */
export const theAsk: OpenAsk = {
  id: 'per_1',
  kind: 'permission',
  sessionId: 'ses_1',
  callId: null,
  askedAt: 1,
  permission: 'edit',
  patterns: ['a.txt'],
}

interface Means {
  readonly store: SessionStore
  readonly upstream: ReturnType<typeof upstreamAt>
  readonly name: string
}

/** Runs one verb and gives what it answered. */
export async function act({ store, upstream, name }: Means, action: Action): Promise<unknown> {
  switch (action.verb) {
    case 'claim':
      return store.claim({ ...action.ids, owner: name, leaseMs: action.leaseMs ?? leaseMs })
    case 'claimConversation': {
      const { conversationId } = action.ids
      return store.claimConversation({ conversationId, owner: name, leaseMs })
    }
    case 'adopt':
      return store.adopt(action.lease, action.lease.turnId)
    case 'renew':
      return store.renew(action.lease, { leaseMs })
    case 'renewAll':
      return store.renewAll([action.lease], { leaseMs })
    case 'release':
      return store.release(action.lease)
    case 'recordPrompt':
      return store.recordPrompt(action.lease, firstPrompt)
    case 'snapshot':
      return store.snapshot(action.lease, partial)
    case 'settle':
      return store.settle(action.lease, completed)
    case 'fail':
      return store.settle(action.lease, failed)
    case 'keepPartial':
      return store.keepPartial(action.lease, partial)
    case 'closeTurn':
      return store.closeTurn(action.lease)
    case 'openAsk':
      return store.updateAsks(action.lease, [{ type: 'opened', ask: theAsk }])
    case 'noteSession':
      return store.noteSession(action.lease, {
        sessionId: action.sessionId ?? '',
        rules: 'changed',
        title: 'A title',
      })
    case 'cancel':
      return store.cancel({ turnId: action.turnId, reason: 'user' })
    case 'read':
      return store.read(action.turnId)
    case 'peek':
      return store.peek([action.turnId])
    case 'answerAsk':
      return store.answerAsk({
        turnId: action.turnId,
        askId: theAsk.id,
        decision: { action: 'allow' },
        by: name,
      })
    case 'ensureSession': {
      const { conversationId } = action
      const calls = Array.from({ length: action.times }, () =>
        store.ensureSession(conversationId, upstream),
      )
      return Promise.all(calls)
    }
    case 'recreateSession':
      return store.recreateSession(action.conversationId, action.staleSessionId, upstream)
    case 'removeConversation':
      return store.removeConversation(action.conversationId, upstream)
    case 'sweep':
      return store.sweep({ upstream, limit: 50 })
  }
}
