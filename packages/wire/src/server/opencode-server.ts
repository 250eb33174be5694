import type { ServerExit } from './process/child-control.js'
import type { ServerHealth } from './probe.js'
import type { ServerState } from './state.js'

/** A running `opencode serve`. Printing or serialising it does not show its password. */
export interface OpencodeServer {
  /** Base URL for `createClient`; the same after every restart. */
  readonly url: string
  /** The port it listens on. */
  readonly port: number
  /** User name for `createClient`. */
  readonly username: string
  /** Password for `createClient`; null when it was switched off. The same after every restart. */
  readonly password: string | null
  /** Process id; null while there is no process. It changes with a restart. */
  readonly pid: number | null
  /** The agent's working directory, absolute. */
  readonly directory: string
  /** The server's own folder, absolute. */
  readonly dataDir: string
  /** The executable that runs. */
  readonly binary: string
  /** What it is doing. */
  readonly state: ServerState
  /**
   * How long it may be away until its supervisor has replaced it, in milliseconds: a frozen one is found out by its probes, ended and
   * started once. Infinity without supervision. Whoever waits for it should wait longer.
   */
  readonly outageMs: number
  /** Settles when the present (or last) process is gone; never rejects. */
  readonly exited: Promise<ServerExit>
  /** The end of what the server printed, with secrets hidden. */
  logTail(): string
  /** Resident memory of the server and all it started, in bytes; null while there is no process. */
  residentBytes(): number | null
  /**
   * Makes a real API call with a time limit and tells how it went.
   *
   * @param options `timeoutMs` in milliseconds, default the server's `probeTimeoutMs`.
   */
  probe(options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<ServerHealth>
  /** Whether {@link OpencodeServer.probe} finds it healthy. */
  healthy(options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<boolean>
  /**
   * Stops the process and starts another on the same port, password and data. Calls made meanwhile join the
   * one under way. Rejects with WireError `server_start_failed` after the last attempt, or `closed`.
   */
  restart(): Promise<void>
  /** Stops the process and all it started. May be called again; never rejects. */
  close(): Promise<void>
  /** The same as {@link OpencodeServer.close}. */
  [Symbol.asyncDispose](): Promise<void>
}
