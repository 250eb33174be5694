import assert from 'node:assert/strict'
import type {
  PartialReply,
  PromptRecord,
  RowId,
  Settlement,
  Lease,
  TurnRecord,
} from '../records.js'
import type { ClaimResult, SessionResult, SessionStore } from '../session-store.js'

/** A store under test with its rows and its clock; every case gets a fresh one. */
export interface SessionStoreSubject {
  /** The store. */
  readonly store: SessionStore
  /** The store as another worker of the same process has it: the same rows and clock, where possible an own connection. */
  readonly another: () => SessionStore
  /** The store as a worker has it after its process was started again: as `another`, with an `instance` of its own for each call. */
  readonly restarted: () => SessionStore
  /** Inserts a conversation without a session and gives its key. */
  readonly insertConversation: () => Promise<RowId>
  /** Inserts a `pending` message and gives its key. */
  readonly insertTurn: (conversationId: RowId) => Promise<RowId>
  /** Moves the clock of all the stores forward. Their `sleep` must end by itself, after real time or at once. */
  readonly advance: (ms: number) => void
  /** The `createMs` that the stores were made with, in milliseconds; at least 1000. */
  readonly createMs: number
}

/** One promise of the contract. */
export interface SessionStoreCase {
  /** The promise, in the present tense. */
  readonly name: string
  /** `servers`: only of a store that knows on which of several servers a conversation is. `inbox`: of one that has a line of messages. */
  readonly needs?: 'servers' | 'inbox'
  /** Rejects when the promise is broken. */
  readonly run: (subject: SessionStoreSubject) => Promise<void>
}

/** @internal */
export const leaseMs = 10_000

/** @internal A conversation with one pending turn. */
export async function newTurn(
  subject: SessionStoreSubject,
): Promise<{ conversationId: RowId; turnId: RowId }> {
  const conversationId = await subject.insertConversation()
  return { conversationId, turnId: await subject.insertTurn(conversationId) }
}

/** @internal A key that no row has, of the same kind as one that a row has. */
export function absentKey(present: RowId): RowId {
  return typeof present === 'string' ? `${present}-absent` : Number(present) + 1_000_000
}

/** @internal A claim that must succeed. */
export async function mustClaim(
  store: SessionStore,
  ids: { conversationId: RowId; turnId: RowId },
  owner = 'worker-1',
): Promise<Extract<ClaimResult, { claimed: true }>> {
  const result = await store.claim({ ...ids, owner, leaseMs })
  assert.ok(result.claimed, `${owner} must get turn ${ids.turnId}, but it was refused`)
  return result
}

/** @internal */
export async function mustRead(store: SessionStore, turnId: RowId): Promise<TurnRecord> {
  const turn = await store.read(turnId)
  assert.ok(turn !== null, `turn ${turnId} must be there`)
  return turn
}

/** @internal */
export const firstPrompt: PromptRecord = {
  id: 'msg_1',
  sessionId: 'ses_1',
  partIds: ['prt_1', 'prt_2'],
  runs: 0,
  sessionRecreated: false,
}

/** @internal */
export const partial: PartialReply = {
  reply: { parts: [{ kind: 'text', text: 'Half of' }] },
  text: 'Half of',
  reasoning: 'Thinking',
  cost: 0.25,
  tokens: { input: 1, output: 2, reasoning: 3, cacheRead: 4, cacheWrite: 5 },
}

/** @internal */
export const completed: Settlement = {
  status: 'completed',
  reason: 'evidence',
  reply: { parts: [{ kind: 'text', text: 'All of it' }] },
  text: 'All of it',
  reasoning: 'Thought',
  cost: 0.1 + 0.2,
  tokens: { input: 10, output: 20, reasoning: 30, cacheRead: 4_000_000_000, cacheWrite: 50 },
  error: null,
  finish: 'stop',
}

/** @internal */
export const failed: Settlement = {
  ...completed,
  status: 'failed',
  reason: 'provider',
  error: { code: 'provider_error', message: 'The provider said no.' },
  finish: null,
}

/** @internal Tries every write of a lease and demands that none of them does anything. */
export async function assertPowerless(store: SessionStore, lease: Lease): Promise<void> {
  const before = await mustRead(store, lease.turnId)
  const prompt = { ...firstPrompt, id: 'msg_late', sessionId: 'ses_late', runs: 9 }
  assert.equal(await store.recordPrompt(lease, prompt), false, 'recordPrompt must be refused')
  assert.equal(
    await store.snapshot(lease, { reply: ['late'], text: 'late' }),
    false,
    'snapshot must be refused',
  )
  assert.equal(await store.keepPartial(lease, partial), false, 'keepPartial must be refused')
  assert.equal(await store.settle(lease, failed), false, 'settle must be refused')
  assert.equal(await store.adopt(lease, lease.turnId), null, 'adopt must be refused')
  assert.deepEqual(await mustRead(store, lease.turnId), before, 'the row must not change')
}

/** @internal What every store says of a session. */
export function sessionOf({
  sessionId,
  created,
}: SessionResult): Omit<SessionResult, 'rules' | 'title'> {
  return { sessionId, created }
}
