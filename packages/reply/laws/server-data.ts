/** What the server says of a new assistant message. */
export function assistant(parentID: string): Record<string, unknown> {
  return {
    role: 'assistant',
    parentID,
    agent: 'build',
    modelID: 'm',
    providerID: 'p',
    cost: 0,
    tokens: tokens(0),
  }
}

/** What the server writes to go on after a compaction. */
export const continuation = {
  type: 'text',
  text: 'Continue',
  synthetic: true,
  metadata: { compaction_continue: true },
}

/** Token counts as the server spells them. */
export function tokens(count: number): Record<string, unknown> {
  return { input: count, output: count, reasoning: 0, cache: { read: count, write: 0 } }
}

/** One line of a todo list. */
export function todo(status: string): Record<string, unknown> {
  return { content: 'do it', status, priority: 'high' }
}
