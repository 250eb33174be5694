import type { ChangeOf, Reply } from '@turnstead/reply'

/** The text of an answer while it grows. */
export interface AnswerText {
  /** As in `result().text`; pieces that were only added at the end since the last call are not joined again. */
  read(): string
  /** A text grew. Of whatever else happens it need not be told: that shows in the reply's revision. */
  grew(change: ChangeOf<'text-delta'>): void
}

/** Follows the text of a reply, whose result would be summed up from all of its parts each time. */
export function followAnswer(reply: Reply): AnswerText {
  /** What comes before the part that the text ends with, and its id; all of the text, and null, where there is none. */
  let head = ''
  let lastId: string | null = null
  /** Up to which revision that is known; null when all must be summed up. */
  let known: number | null = null
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
    grew({ partId, kind, sessionId, revision }) {
      // Once something else came between, nothing is known until it is read again.
      if (known === null || revision !== known + 1) return
      const isElsewhere = kind !== 'text' || sessionId !== reply.sessionId
      known = partId === lastId || isElsewhere ? revision : null
    },
  }
}
