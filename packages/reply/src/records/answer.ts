import type { ReasoningPart, ReplyPart, TextPart } from './part.js'

/**
 * The answer. A text of an attempt that failed is no part of it, and one that the server lost only when nothing took
 * its place: after it no step began again.
 */
export function answerText(parts: readonly ReplyPart[]): string {
  return joinTexts(answerParts(parts))
}

/** The text parts that make up the answer. */
export function answerParts(parts: readonly ReplyPart[]): TextPart[] {
  const lastStep = parts.findLastIndex((part) => part.kind === 'step-start')
  return parts.filter((part, index): part is TextPart => {
    if (part.kind !== 'text' || part.summary || part.synthetic || part.superseded) return false
    return !part.lost || index > lastStep
  })
}

/** Texts, parted by a blank line. */
export function joinTexts(parts: readonly (TextPart | ReasoningPart)[]): string {
  return parts
    .map((part) => part.text)
    .filter((text) => text.trim() !== '')
    .join('\n\n')
}
