import assert from 'node:assert/strict'
import type { AskChange, AskDecision, OpenAsk } from '../../ask-records.js'
import type { Lease, RowId } from '../../records.js'
import type { SessionStoreSubject } from '../subject.js'
import { mustClaim, mustRead, newTurn } from '../subject.js'

/** @internal */
export function permissionAsk(id = 'per_1', sessionId = 'ses_1', askedAt = 1_000): OpenAsk {
  return {
    id,
    kind: 'permission',
    sessionId,
    callId: 'call_1',
    askedAt,
    permission: 'bash',
    patterns: ['git status *'],
  }
}

/** @internal */
export const questionAsk: OpenAsk = {
  id: 'que_1',
  kind: 'question',
  sessionId: 'ses_1',
  callId: null,
  askedAt: 2_000,
  questions: [
    {
      text: 'Which one?',
      header: 'One',
      options: [{ label: 'A', description: 'the first' }],
      multiple: false,
      custom: true,
    },
  ],
}

/** @internal */
export const allow: AskDecision = { action: 'allow' }

/** @internal */
export const reject: AskDecision = { action: 'reject', message: 'Not today.' }

/** @internal A running turn that asks. */
export async function askingTurn(
  subject: SessionStoreSubject,
  asks: readonly OpenAsk[] = [permissionAsk()],
): Promise<{ conversationId: RowId; turnId: RowId; lease: Lease }> {
  const ids = await newTurn(subject)
  const { lease } = await mustClaim(subject.store, ids)
  const changes = asks.map((ask): AskChange => ({ type: 'opened', ask }))
  assert.ok((await subject.store.updateAsks(lease, changes)) !== null, 'the worker holds the turn')
  return { ...ids, lease }
}

/** @internal Of the only ask of a turn: the part of its record that answers move. */
export async function standing(subject: SessionStoreSubject, turnId: RowId): Promise<unknown> {
  const { asks } = await mustRead(subject.store, turnId)
  return asks.map(({ id, state, decision, answeredBy }) => ({ id, state, decision, answeredBy }))
}
