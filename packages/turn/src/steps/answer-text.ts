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
  /** What comes before the part that the text ends with, and its id; all of the text, and null, where there is none. */
  let head = ''
  let lastId: string | null = null
  /** Up to which revision that is known; null when all must be summed up. */
  let known: number | null = null
  const close = reply.observe({
    changed(change) {
      // What nobody hears, or hears of out of order, shows in the revision.
      if (known === null || change.revision !== known + 1) return
      const isAdded = change.type === 'text-delta' && change.partId === lastId
      const isElsewhere =
        change.type === 'text-delta' &&
        (change.kind !== 'text' || change.sessionId !== reply.sessionId)
      known = isAdded || isElsewhere ? change.revision : null
    },
  })
  /** What a part says already holds its text, so nothing is kept of each piece. */
  const lastText = (): string => {
    const last = lastId === null ? null : reply.part(lastId)
    return last?.kind === 'text' ? last.text : ''
  }
  return {
    read() {
      if (known !== reply.revision) {
        const { text } = reply.result()
        const last = reply.parts.findLast((part) => part.kind === 'text' && part.text.trim() !== '')
        const isLast = last?.kind === 'text' && text.endsWith(last.text)
        lastId = isLast ? last.id : null
        head = isLast ? text.slice(0, text.length - last.text.length) : text
        known = reply.revision
      }
      return head + lastText()
    },
    close,
  }
}
