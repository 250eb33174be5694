/** @internal What was asked, as it is stored; null for nothing. */
export function toInput(input: unknown): string | null {
  if (input === undefined || input === null) return null
  try {
    return JSON.stringify(input) ?? null
  } catch (cause) {
    throw new TypeError('`input` must be JSON: it has a cycle or a bigint in it.', { cause })
  }
}

/**
 * Refuses what asks nothing: whoever is first in the line could only fail with it. The rest of a prompt is the worker's to judge.
 *
 * @internal
 */
export function assertAsks(input: unknown): void {
  if (input === undefined || input === null) return
  const { text, parts } = Object(input) as { readonly text?: unknown; readonly parts?: unknown }
  const hasText = typeof text === 'string' && text !== ''
  const hasParts = Array.isArray(parts) && parts.length > 0
  const isSound = (text === undefined || typeof text === 'string') && (hasText || hasParts)
  if (typeof input === 'object' && isSound) return
  throw new TypeError(
    '`input` must be an object with a `text` that is not empty, or at least one entry in `parts`, such as {"text":"…"}.',
  )
}
