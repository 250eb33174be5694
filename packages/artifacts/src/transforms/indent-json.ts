/** Deeper text is not indented further: the spaces would outgrow everything. */
const deepest = 32
const tokens = /"(?:[^"\\]+|\\[^])*"?|[{}[\],:]|[^\s"{}[\],:]+/g

/**
 * Indents a JSON text by its tokens, without reading them: nothing is rounded, reordered or left out, and a text that breaks off
 * is indented as far as it goes.
 *
 * @param maxLength - Most characters to give.
 */
export function indentJson(text: string, maxLength: number): string {
  let shown = ''
  let depth = 0
  let previous = ''
  const newLine = (): string => `\n${'  '.repeat(Math.min(Math.max(depth, 0), deepest))}`
  for (const [token] of text.matchAll(tokens)) {
    const isClosing = token === '}' || token === ']'
    const wasOpening = previous === '{' || previous === '['
    if (isClosing) depth -= 1
    if (wasOpening ? !isClosing : isClosing || previous === ',') shown += newLine()
    shown += token === ':' ? ': ' : token
    if (token === '{' || token === '[') depth += 1
    previous = token
    if (shown.length >= maxLength) return shown.slice(0, maxLength)
  }
  return shown
}
