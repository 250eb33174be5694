import type { Clock } from '../clock.js'
import type { ConversationLease, NotClaimed, QueuedTurn, RowId, TurnStore } from '../ports.js'
import { lineOf } from './inbox.js'
import { leftoversOf, toRecord } from './record.js'
import {
  type Conversation,
  conversationOf,
  isTerminal,
  type Rows,
  type Turn,
  turnOf,
  waitingIn,
} from './rows.js'

/** One process, as the rows see it. */
export interface MemoryWorker {
  readonly clock: Clock
  /** Tells a process from another one of the same owner's name. */
  readonly instance: string
}

type ClaimRequest = Parameters<TurnStore['claim']>[0]
type Claimed = Awaited<ReturnType<TurnStore['claim']>> & {
  /** Beside what the port promises, as rows in a database say it. */
  readonly conversation?: {
    id: RowId
    sessionId: string | null
    rules: string | null
    title: string | null
    server: string | null
    fence: number
  }
}
type ConversationClaimed = Awaited<ReturnType<TurnStore['claimConversation']>>

const missing = { claimed: false, reason: 'missing', heldUntil: null, sameOwner: false } as const

/** An owner counts as alive for so much of its lease after its last renewal: three beats of ten. */
const aliveShare = 0.3

export function claim(rows: Rows, worker: MemoryWorker, request: ClaimRequest): Claimed {
  const { conversationId, turnId, input } = request
  const conversation = conversationOf(rows, conversationId)
  const turn = turnOf(rows, turnId)
  if (
    conversation === undefined ||
    turn === undefined ||
    String(turn.conversationId) !== String(conversation.id)
  ) {
    return { ...missing, turn: null }
  }
  if (isTerminal(turn)) {
    // What an earlier life of the owner left is given back; while this process collects files, it is not.
    if (isOwn(conversation, request, turnId) && conversation.instance !== worker.instance) {
      conversation.owner = null
    }
    const settled = {
      claimed: false,
      reason: 'settled',
      heldUntil: null,
      sameOwner: false,
    } as const
    return { ...settled, turn: toRecord(turn) }
  }
  const waiting = waitingIn(rows, conversation.id, worker.clock.now())
  if (waiting !== null) {
    const refusal = { claimed: false, heldUntil: waiting.dueAt, sameOwner: false } as const
    if (waiting !== turn && turn.position > 0) return queuedBehind(waiting, turn)
    return { ...refusal, reason: waiting === turn ? 'waiting' : 'busy', turn: toRecord(turn) }
  }
  const busy = busyUntil(conversation, worker, request, turnId)
  if (busy !== null) return { ...busy, turn: toRecord(turn) }
  const first = turn.status === 'pending' && turn.position > 0 ? lineOf(rows, turn)[0] : undefined
  if (first !== undefined && first !== turn) return queuedBehind(first, turn)
  const lease = take(conversation, worker, request, turnId)
  turn.status = 'running'
  turn.dueAt = null
  turn.fence = lease.fence
  turn.revision += 1
  turn.input ??= structuredClone(input) ?? null
  turn.trace ??= request.trace ?? null
  turn.startedAt ??= worker.clock.now()
  return {
    claimed: true,
    lease: { ...lease, turnId: turn.turnId },
    conversation: {
      id: conversation.id,
      sessionId: conversation.sessionId,
      rules: conversation.rules,
      title: conversation.title,
      server: conversation.server,
      fence: lease.fence,
    },
    turn: toRecord(turn),
    leftovers: leftoversOf(rows, conversation),
  }
}

function queuedBehind({ turnId: first }: Turn, turn: Turn): QueuedTurn {
  const none = { heldUntil: null, sameOwner: false } as const
  return { claimed: false, reason: 'queued', first, ...none, turn: toRecord(turn) }
}

export function claimConversation(
  rows: Rows,
  worker: MemoryWorker,
  request: Omit<ClaimRequest, 'turnId' | 'input' | 'trace'>,
): ConversationClaimed {
  const conversation = conversationOf(rows, request.conversationId)
  if (conversation === undefined) return missing
  const busy = busyUntil(conversation, worker, request, null)
  if (busy !== null) return busy
  const lease = take(conversation, worker, request, null)
  const { server } = conversation
  return { claimed: true, lease, server, leftovers: leftoversOf(rows, conversation) }
}

/** Null when the conversation is free, or was held by this owner's process before its restart. */
function busyUntil(
  conversation: Conversation,
  { clock, instance }: MemoryWorker,
  request: { readonly owner: string; readonly leaseMs: number },
  turnId: RowId | null,
): NotClaimed<'busy'> | null {
  const { owner, expiresAt } = conversation
  if (owner === null || expiresAt <= clock.now()) return null
  const isRestart = isOwn(conversation, request, turnId) && conversation.instance !== instance
  const aliveUntil = expiresAt - (1 - aliveShare) * request.leaseMs
  if (isRestart && aliveUntil <= clock.now()) return null
  return {
    claimed: false,
    reason: 'busy',
    heldUntil: isRestart ? aliveUntil : expiresAt,
    sameOwner: owner === request.owner,
  }
}

function isOwn(
  { owner, turnId }: Conversation,
  request: { readonly owner: string },
  asked: RowId | null,
): boolean {
  return owner === request.owner && String(turnId) === String(asked)
}

function take(
  conversation: Conversation,
  { clock, instance }: MemoryWorker,
  { owner, leaseMs }: { readonly owner: string; readonly leaseMs: number },
  turnId: RowId | null,
): ConversationLease {
  conversation.fence += 1
  conversation.owner = owner
  conversation.instance = instance
  conversation.turnId = turnId
  conversation.expiresAt = clock.now() + leaseMs
  const { id, fence, expiresAt } = conversation
  return { conversationId: id, turnId: null, owner, fence, expiresAt }
}
