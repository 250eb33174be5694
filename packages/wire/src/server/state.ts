import type { ServerExit } from './process/child-control.js'

/**
 * Where a server stands.
 *
 * ```
 * starting -> ready -> restarting -> ready        restart(), or supervised after a crash
 *               |          +-------> exited       every attempt failed
 *               +------------------> exited       unsupervised crash
 * any -> closed
 * ```
 */
export type ServerState = 'starting' | 'ready' | 'restarting' | 'exited' | 'closed'

/** One step between two states. */
export interface ServerStateChange {
  /** The new state. */
  readonly state: ServerState
  /**
   * Why: `started`, `asked` (restart() or close()), `exited` (the process ended by itself),
   * `unhealthy` (probes failed), `memory` (over its limit while idle; with the state `ready`: its instances were disposed), `aborted` (the signal), `gave_up` (every attempt failed).
   */
  readonly reason: 'started' | 'asked' | 'exited' | 'unhealthy' | 'memory' | 'aborted' | 'gave_up'
  /** The process, when there is one. */
  readonly pid: number | null
  /** How the process ended, when it ended by itself. */
  readonly exit: ServerExit | null
  /** What the last attempt failed with, when it gave up. */
  readonly error: unknown
}
