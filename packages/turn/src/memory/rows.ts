import type { AskRecord } from '../ask-records.js'
import type { ServerState } from '../ports/servers.js'
import type {
  ConversationLease,
  Delivery,
  Lease,
  RowId,
  StoredError,
  Tokens,
  TurnNotice,
  TurnStatus,
  PromptRecord,
} from '../ports.js'

/** A conversation's row. */
export interface Conversation {
  readonly id: RowId
  sessionId: string | null
  /** Fingerprint of the session's permission rules. */
  rules: string | null
  /** The title that the server gave it. */
  title: string | null
  /** The server on which it is. */
  server: string | null
  /** A creation of its session that is under way in this process. */
  creating: Promise<string> | null
  fence: number
  owner: string | null
  /** The handle of the store, as a process of its own, that holds it. */
  instance: string | null
  /** The turn of the newest claim. */
  turnId: RowId | null
  expiresAt: number
}

/** A turn's row. */
export interface Turn {
  readonly turnId: RowId
  readonly conversationId: RowId
  fence: number
  revision: number
  status: TurnStatus
  input: unknown
  trace: string | null
  /** As JSON. */
  files: string | null
  prompt: PromptRecord | null
  /** As JSON. */
  reply: string | null
  text: string | null
  reasoning: string | null
  cost: number
  tokens: Tokens
  error: StoredError | null
  providerStatus: number | null
  providerMessage: string | null
  reason: string | null
  finish: string | null
  /** Of one that waits. */
  dueAt: number | null
  startedAt: number | null
  settledAt: number | null
  closedAt: number | null
  /** In the line of its conversation; 0 when it is not in it. */
  position: number
  delivery: Delivery | null
  asks: AskRecord[]
  asksRevision: number
}

/** All rows of a memory store, keyed as a database compares keys: `1` and `'1'` are one. */
export interface Rows {
  readonly conversations: Map<string, Conversation>
  readonly turns: Map<string, Turn>
  /** What was said of servers. */
  readonly servers: Map<string, ServerState>
  /** Who is told of changes, by turn. */
  readonly watchers: Map<string, Set<(notice: TurnNotice) => void>>
}

const noTokens: Tokens = { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 }

export function newRows(): Rows {
  return { conversations: new Map(), turns: new Map(), servers: new Map(), watchers: new Map() }
}

export function conversationOf({ conversations }: Rows, id: RowId): Conversation | undefined {
  return conversations.get(String(id))
}

export function turnOf({ turns }: Rows, id: RowId): Turn | undefined {
  return turns.get(String(id))
}

function addConversation(rows: Rows, id: RowId): Conversation {
  const known = conversationOf(rows, id)
  if (known !== undefined) return known
  const conversation: Conversation = {
    id,
    sessionId: null,
    rules: null,
    title: null,
    server: null,
    creating: null,
    fence: 0,
    owner: null,
    instance: null,
    turnId: null,
    expiresAt: 0,
  }
  rows.conversations.set(String(id), conversation)
  return conversation
}

export function addTurn(rows: Rows, turnId: RowId, conversationId: RowId): void {
  addConversation(rows, conversationId)
  if (turnOf(rows, turnId) !== undefined) return
  rows.turns.set(String(turnId), {
    turnId,
    conversationId,
    fence: 0,
    revision: 0,
    status: 'pending',
    input: null,
    trace: null,
    files: null,
    prompt: null,
    reply: null,
    text: null,
    reasoning: null,
    cost: 0,
    tokens: noTokens,
    error: null,
    providerStatus: null,
    providerMessage: null,
    reason: null,
    finish: null,
    dueAt: null,
    startedAt: null,
    settledAt: null,
    closedAt: null,
    position: 0,
    delivery: null,
    asks: [],
    asksRevision: 0,
  })
}

/** The turn under a lease that was not taken over. */
export function turnUnder(rows: Rows, lease: Lease): Turn | null {
  const turn = turnOf(rows, lease.turnId)
  if (turn?.fence !== lease.fence) return null
  return isCurrent(rows, lease) ? turn : null
}

/** Whether no one claimed the conversation since. */
export function isCurrent(rows: Rows, lease: ConversationLease): boolean {
  return conversationOf(rows, lease.conversationId)?.fence === lease.fence
}

export function isTerminal({ status }: Turn): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled'
}

export function isLeftover(turn: Turn): boolean {
  if (turn.status === 'running' || turn.status === 'waiting') return true
  return isTerminal(turn) && turn.prompt !== null && turn.closedAt === null
}

/** The turn of a conversation that waits for a person and is not due. */
export function waitingIn({ turns }: Rows, conversationId: RowId, now: number): Turn | null {
  for (const turn of turns.values()) {
    const isOfIt = String(turn.conversationId) === String(conversationId)
    if (isOfIt && turn.status === 'waiting' && (turn.dueAt ?? Infinity) > now) return turn
  }
  return null
}
