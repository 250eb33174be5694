import type { ReplyPart, ReplyView, TextPart } from '@turnstead/reply'

const longestSummary = 4_000

/** The agent's last words: what it wrote after its last tool call, else the last that it wrote. Null when it said nothing. */
export function summaryOf({ parts }: ReplyView): string | null {
  const lastTool = parts.findLastIndex(({ kind }) => kind === 'tool')
  const after = wordsOf(parts.slice(lastTool + 1))
  const words = after === '' ? (wordsOf(parts).split('\n\n').at(-1) ?? '') : after
  return words === '' ? null : bounded(words, longestSummary)
}

function wordsOf(parts: readonly ReplyPart[]): string {
  return parts
    .filter((part): part is TextPart => part.kind === 'text')
    .filter(({ synthetic, superseded, summary }) => !synthetic && !superseded && !summary)
    .map(({ text }) => text.trim())
    .filter((text) => text !== '')
    .join('\n\n')
}

/** At most so many characters, with an ellipsis for what is left out; no character is cut in two. */
export function bounded(text: string, characters: number): string {
  if (text.length <= characters) return text
  return `${text.slice(0, characters - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
