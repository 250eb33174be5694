/** Writes one line for an error: where it happened and what it says. */
export function logError(error: unknown, where?: string): void {
  console.error(lineOf(error, where))
}

/**
 * The line of an error. The messages of our packages begin with their code and say what to do; only what has no code,
 * because no one expected it, comes with its stack.
 */
export function lineOf(error: unknown, where?: string): string {
  return (where === undefined ? '' : `${where}: `) + textOf(error)
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (!('code' in error) || typeof error.code !== 'string') return error.stack ?? error.message
  const { cause } = error
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message
}
