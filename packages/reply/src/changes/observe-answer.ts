import { answerParts, answerText } from '../records/answer.js'
import type { Change } from './change.js'
import type { ReplySource } from './reply-source.js'

/** What {@link observeAnswer} reports. */
export interface AnswerCallbacks {
  /** A piece to append to what was reported so far; all pieces together are the answer. */
  added(piece: string): void
  /**
   * The answer does not just go on: an attempt failed and is repeated, or the server stated a text differently. This is
   * all of it now, in place of everything that was reported before. Default: nothing is reported, and pieces go on
   * after the new text.
   */
  replaced?(text: string): void
}

/**
 * Reports the answer alone while it is written, as `result().text` has it: without reasoning, without what sub-agents
 * and the server write, without summaries and attempts that failed. The result unregisters.
 *
 * What is there already is reported at once.
 *
 * @example
 * ```ts
 * const stop = observeAnswer(reply, { added: (piece) => process.stdout.write(piece) })
 * ```
 */
export function observeAnswer(reply: ReplySource, callbacks: AnswerCallbacks): () => void {
  let reported = ''
  /** The part that the answer ends with: most deltas are for it, and just append to it. */
  let lastId: string | null = null
  let seen = -1

  const compare = (): void => {
    const { parts } = reply.view()
    const text = answerText(parts)
    seen = reply.revision
    lastId = answerParts(parts).findLast((part) => part.text.trim() !== '')?.id ?? null
    const before = reported
    reported = text
    if (text === before) return
    if (text.startsWith(before)) callbacks.added(text.slice(before.length))
    else callbacks.replaced?.(text)
  }
  const changed = (change: Change): void => {
    // What was compared already holds this change.
    if (change.revision <= seen) return
    if (change.type === 'text-delta') {
      if (change.sessionId !== reply.sessionId || change.kind !== 'text') return
      if (change.partId === lastId && reply.revision === change.revision) {
        reported += change.delta
        seen = change.revision
        callbacks.added(change.delta)
        return
      }
      compare()
    } else if (mayChangeAnswer(change, reply.sessionId)) compare()
  }
  compare()
  return reply.observe({ changed })
}

function mayChangeAnswer(change: Change, sessionId: string): boolean {
  switch (change.type) {
    case 'part-added':
    case 'part-changed':
    case 'part-finished':
      return change.part.sessionId === sessionId
    case 'part-removed':
      return change.sessionId === sessionId
    case 'replaced':
      return true
    default:
      return false
  }
}
