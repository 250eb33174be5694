/** How far a tool call is. */
export type ToolStatus = 'pending' | 'running' | 'completed' | 'error'

/** What happens to the known status when another one is reported. */
export type StatusStep = 'take' | 'same' | 'refuse'

/**
 * The life of a tool call: `pending → running → completed | error`.
 *
 * Rows are what is known, columns what is reported. A call never goes back. An end may be corrected by the other
 * end, because the server's newest word counts.
 */
export const toolStatusTable: Readonly<
  Record<ToolStatus, Readonly<Record<ToolStatus, StatusStep>>>
> = {
  pending: { pending: 'same', running: 'take', completed: 'take', error: 'take' },
  running: { pending: 'refuse', running: 'same', completed: 'take', error: 'take' },
  completed: { pending: 'refuse', running: 'refuse', completed: 'same', error: 'take' },
  error: { pending: 'refuse', running: 'refuse', completed: 'take', error: 'same' },
}

/** A status of the server, or `null` when it is none that is known. */
export function readToolStatus(value: unknown): ToolStatus | null {
  return typeof value === 'string' && Object.hasOwn(toolStatusTable, value)
    ? (value as ToolStatus)
    : null
}

/** True when the call has ended. */
export function isTerminal(status: ToolStatus): boolean {
  return status === 'completed' || status === 'error'
}
