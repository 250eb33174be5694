/** How far a tool call is, in the words of the server. */
export type ServerToolStatus = 'pending' | 'running' | 'completed' | 'error'

/** How far a tool call is; `interrupted` when the reply was closed before the server stated an end. */
export type ToolStatus = ServerToolStatus | 'interrupted'

/**
 * The life of a tool call: `pending → running → completed | error`.
 *
 * Rows are what is known, columns what is reported; `true` takes it. A call never goes back. An end may be corrected
 * by the other end, because the server's newest word counts.
 */
export const mayBecome: Readonly<
  Record<ServerToolStatus, Readonly<Record<ServerToolStatus, boolean>>>
> = {
  pending: { pending: true, running: true, completed: true, error: true },
  running: { pending: false, running: true, completed: true, error: true },
  completed: { pending: false, running: false, completed: true, error: true },
  error: { pending: false, running: false, completed: true, error: true },
}

/** A status of the server, or `null` when it is none that is known. */
export function readToolStatus(value: unknown): ServerToolStatus | null {
  return typeof value === 'string' && Object.hasOwn(mayBecome, value)
    ? (value as ServerToolStatus)
    : null
}

/** True when the call has ended. */
export function isTerminal(status: ToolStatus): boolean {
  return status !== 'pending' && status !== 'running'
}
