const brand = Symbol.for('@turnstead/task.TaskError')

/**
 * Why a call could not be run at all. What the agent and the server did is never thrown: it is in the output.
 *
 * `rows_missing`: the store does not have the rows that `rows.find` named. `handed_off`: `signal` gave the call up and left the turn
 * running for another process. `no_provider`: a workspace's own server would have no model. `busy`: the workspace cannot be replaced while runs work
 * in it, nor used while it is replaced. `closed`: it was closed.
 */
export type TaskErrorCode = 'rows_missing' | 'handed_off' | 'no_provider' | 'busy' | 'closed'

/** What a call of the tool rejects with; switch on {@link TaskError.code}. */
export class TaskError extends Error {
  override readonly name: string = 'TaskError'
  readonly code: TaskErrorCode
  /** The same call may succeed later without a change by anyone. */
  readonly retryable: boolean

  constructor(code: TaskErrorCode, message: string, details: ErrorOptions = {}) {
    super(`[${code}] ${message}`, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.retryable = code === 'handed_off' || code === 'busy'
    Object.defineProperty(this, brand, { value: true })
  }

  /** True for a TaskError made by any installed copy of this package. */
  static is(value: unknown): value is TaskError {
    return typeof value === 'object' && value !== null && brand in value
  }
}
