/** Writes one line for an error: where it happened and what it says. Only what nobody expected comes with its stack. */
export function logError(error: unknown, where?: string): void {
  const prefix = where === undefined ? '' : `${where}: `
  console.error(prefix + lineOf(error))
}

/** The messages of our packages begin with their code and say what to do; their stacks say no more. */
function lineOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (!('code' in error) || typeof error.code !== 'string') return error.stack ?? error.message
  const { cause } = error
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message
}
