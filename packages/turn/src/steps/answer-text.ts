import type { Reply } from '@turnstead/reply'

/** The text of an answer while it grows. */
export interface AnswerText {
  /** As in `result().text`; pieces that were only added at the end since the last call are not joined again. */
  read(): string
  /** Stops listening. */
  close(): void
}

/** Follows the text of a reply, whose result would be summed up from all of its parts each time. */
export function followAnswer(reply: Reply): AnswerText {
  let text = ''
  /** The part that the text ends with. */
  let lastId: string | null = null
  /** Up to which revision the text is known; null when it must be summed up. */
  let known: number | null = null
  const close = reply.observe({
    changed(change) {
      // What nobody hears, or hears of out of order, shows in the revision.
      if (known === null || change.revision !== known + 1) return
      const isAdded = change.type === 'text-delta' && change.partId === lastId
      const isElsewhere =
        change.type === 'text-delta' &&
        (change.kind !== 'text' || change.sessionId !== reply.sessionId)
      if (isAdded) text += change.delta
      known = isAdded || isElsewhere ? change.revision : null
    },
  })
  return {
    read() {
      if (known !== reply.revision) {
        text = reply.result().text
        const last = reply.parts.findLast((part) => part.kind === 'text' && part.text.trim() !== '')
        const isLast = last?.kind === 'text' && text.endsWith(last.text)
        lastId = isLast ? last.id : null
        known = reply.revision
      }
      return text
    },
    close,
  }
}
