const longest = 200

/** One short line of a text that the agent chose: without line breaks, control characters, and what turns writing around. */
export function oneLine(text: string): string {
  const start = text.slice(0, 10 * longest)
  const line = start.replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, ' ').trim()
  const characters = [...line]
  return characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : line
}
