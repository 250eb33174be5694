import { goesOn, isUnfinished } from './run-end.js'
import type { MessageState, ReplyState } from '../state/state.js'
import { namedSession } from '../state/task-call.js'

/** The prompts that an answer is for, oldest first. */
type Share = readonly string[]

const none: Share = []

/**
 * Which prompts each message of the reply's own session belongs to.
 *
 * An answer names one prompt, the newest. But prompts that wait while a run is on are answered together with it, and
 * the run that was on goes on in that answer. What the server writes itself to go on, as compaction does, belongs to
 * the run that it is in. The result of a sub-agent in the background begins a new run of the turn that started it,
 * unless another one is on.
 */
export function shareRuns(state: ReplyState, since: number): ReadonlyMap<MessageState, Share> {
  const shares = new Map<MessageState, Share>()
  const asked = new Map<string, Share>()
  const runs = new Runs()
  for (const message of state.root.order) {
    if ((message.createdAt ?? since) < since) continue
    if (message.role === 'assistant') {
      const share = asked.get(message.parentId ?? '') ?? runs.shareOf(message.parentId)
      shares.set(message, share)
      runs.answer(message, share)
    } else if (message !== state.prompt && isByServer(state, message, runs)) {
      const share = runs.current ?? resultShare(shares, message) ?? runs.newestShare
      asked.set(message.id, share)
      shares.set(message, share)
      runs.hasGoneOn = true
    } else if (message === state.prompt) {
      shares.set(message, [message.id])
      // While it is not known when the prompt was made, what came before it and what later is not known either.
      if (state.promptedAt === null) runs.newestShare = [message.id]
      else runs.ask(message.id)
    } else if (message.author !== 'command') runs.ask(message.id)
  }
  return shares
}

class Runs {
  newest: MessageState | null = null
  newestShare: Share = none
  /** Whether the server wrote a message of its own after the newest answer. */
  hasGoneOn = false
  #waiting: Share = none

  /** What a message of the server goes on with; `null` when nothing is on. */
  get current(): Share | null {
    const { newest, newestShare } = this
    const running = newest !== null && isUnfinished(newest) ? newestShare : none
    const share = [...running, ...this.#waiting]
    return share.length === 0 ? null : share
  }

  ask(promptId: string): void {
    this.#waiting = [...this.#waiting, promptId]
  }

  /** The prompts that an answer to this one is for: those that waited before it, and those of the run that is on. */
  shareOf(promptId: string | null): Share {
    if (promptId === null) return none
    const place = this.#waiting.indexOf(promptId)
    if (place >= 0) {
      const running = this.newest !== null && goesOn(this.newest) ? this.newestShare : none
      return [...running, ...this.#waiting.slice(0, place + 1)]
    }
    const known = this.newestShare.indexOf(promptId)
    return known >= 0 ? this.newestShare.slice(0, known + 1) : [promptId]
  }

  answer(message: MessageState, share: Share): void {
    this.#waiting = this.#waiting.filter((promptId) => !share.includes(promptId))
    this.newest = message
    this.newestShare = share
    this.hasGoneOn = false
  }
}

/**
 * After a compaction because of an overflow the server may send the newest prompt once more, as a message that looks
 * like a person's. Nothing but its place tells: it is the first one made after the summary ended, apart from what is known to be of
 * another turn.
 */
function isByServer(
  { others }: ReplyState,
  { author, createdAt, id }: MessageState,
  { newest, hasGoneOn }: Runs,
): boolean {
  if (author === 'server') return true
  if (others.has(id)) return false
  if (author !== 'person' || newest === null || hasGoneOn || createdAt === null) return false
  if (!newest.summary || newest.completedAt === null || createdAt < newest.completedAt) return false
  const compaction = newest.session.messages.get(newest.parentId ?? '')
  return compaction?.parts.some(({ body }) => body?.kind === 'compaction' && body.overflow) === true
}

/** The prompts of the turn that started the sub-agent whose result a message brings. */
function resultShare(
  shares: ReadonlyMap<MessageState, Share>,
  { resultOf }: MessageState,
): Share | null {
  if (resultOf === null) return null
  for (const [{ parts }, share] of shares) {
    const isStarter = parts.some(
      ({ body }) => body?.kind === 'tool' && namedSession(body) === resultOf,
    )
    if (isStarter) return share
  }
  return none
}
