const longest = 200

/** Drawn as nothing, but for what joins and colours pictures. */
const invisible = /(?!\u200d|\ufe0f)\p{Default_Ignorable_Code_Point}/gu

/**
 * One short line of a text that the agent chose: without line breaks, control characters, what turns writing around, and
 * what is not seen.
 */
export function oneLine(text: string): string {
  const start = text.slice(0, 10 * longest)
  const line = start
    .replace(/[\s\p{Cc}\p{Bidi_Control}]+/gu, ' ')
    .replace(invisible, '')
    .trim()
  const characters = [...line]
  return characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : line
}
