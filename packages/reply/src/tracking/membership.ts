import { setMember } from './member.js'
import { dropParts, keepsParts, rememberForeign } from './message-store.js'
import { shareRuns } from './runs.js'
import type { HandOver, MessageState, ReplyState, SessionState } from '../state/state.js'

/**
 * Works out which messages of a session belong to the reply.
 *
 * In the reply's own session these are the answers of the runs that the prompt has a share in. In a sub-agent's
 * session everything belongs that it was asked for during this turn.
 */
export function refreshMembership(state: ReplyState, session: SessionState): void {
  if (session === state.root) refreshRoot(state)
  else refreshChild(state, session)
  for (const message of [...session.order, ...state.unattributed]) {
    if (keepsParts(message) || state.foreign.has(message)) continue
    dropParts(state, message)
    rememberForeign(state, message)
  }
}

function refreshRoot(state: ReplyState): void {
  const runs = shareRuns(state, turnBegan(state))
  let handOver: HandOver | null = null
  for (const message of state.root.order) {
    const prompts = runs.get(message) ?? []
    const isAnswer = message.role === 'assistant'
    message.answers = isAnswer ? (prompts.at(-1) ?? null) : null
    const other = otherAfter(state, prompts)
    if (other !== null && isAnswer) handOver ??= { promptId: other, messageId: message.id }
    const isShared = prompts.includes(state.promptId) && other === null
    setMember(state, message, isShared && mayJoin(state, message))
  }
  if (!state.closed) state.handOver = handOver
}

/** The newest prompt of another turn that an answer is for beside this one: the answer is that turn's. */
function otherAfter({ others, promptId }: ReplyState, prompts: readonly string[]): string | null {
  const place = prompts.indexOf(promptId)
  if (place < 0 || others.size === 0) return null
  return prompts.slice(place + 1).findLast((id) => others.has(id)) ?? null
}

/** A closed reply takes in what is still said in answer to its own prompt, and no answer to another one. */
function mayJoin(state: ReplyState, { member, answers }: MessageState): boolean {
  return !state.closed || member || answers === state.promptId
}

/**
 * A sub-agent's answer is of the turn in which it was asked: in the background it may still be at work when the
 * session is at another prompt.
 */
function refreshChild(state: ReplyState, session: SessionState): void {
  const askedAt = new Map<string, number | null>()
  let newest: number | null = null
  for (const message of session.order) {
    const { id, role, author, parentId, createdAt } = message
    if (role === 'user') {
      const time = author === 'server' && newest !== null ? newest : createdAt
      askedAt.set(id, time)
      setMember(state, message, author === 'server' && isOfThisTurn(state, time))
    } else {
      const time = askedAt.get(parentId ?? '') ?? createdAt
      newest = time
      setMember(state, message, isOfThisTurn(state, time))
    }
  }
}

/** Whether what names no message of this turn can be of it, by its time: a session runs one turn at a time. */
export function isOfThisTurn(state: ReplyState, time: number | null): boolean {
  if (time === null) return true
  const run = newestRun(state, time)
  return time >= turnBegan(state) && (run === undefined || !state.foreign.has(run))
}

/** True once the session went on to another prompt. What names no message is then not of this turn. */
export function hasMovedOn(state: ReplyState): boolean {
  const run = newestRun(state, Infinity)
  return run !== undefined && state.foreign.has(run) && (run.createdAt ?? 0) >= turnBegan(state)
}

/** The assistant message that the session was at. */
function newestRun(state: ReplyState, time: number): MessageState | undefined {
  return state.root.order.findLast(
    ({ role, createdAt }) => role === 'assistant' && (createdAt ?? 0) <= time,
  )
}

/** When the turn began: with the prompt, or with its first answer, when the prompt was sent again after a crash. */
function turnBegan(state: ReplyState): number {
  const first = state.root.order.find(({ parentId }) => parentId === state.promptId)
  const began = Math.min(state.promptedAt ?? Infinity, first?.createdAt ?? Infinity)
  return began === Infinity ? 0 : began
}
