import { inspect } from 'node:util'
import { monotonic } from '../clock.js'
import { WireError } from '../errors.js'
import { notify } from '../notify.js'
import { jitteredDelayMs } from '../retry-policy.js'
import type { ClaimedDataDir } from './data-dir.js'
import { onProcessExit } from './process/exit-hook.js'
import type { ServerExit } from './process/child-control.js'
import type { ServerProcess } from './launch.js'
import { Launcher, type LauncherParts } from './launcher.js'
import type { OpencodeServer } from './opencode-server.js'
import { outageMs, toUrl, type WatchOptions } from './options.js'
import { unhealthy, type ServerHealth } from './probe.js'
import { residentBytes } from './process/resident-memory.js'
import type { ServerState, ServerStateChange } from './state.js'
import { watchServer } from './watch.js'

/** What one server needs beside what starts it. */
export interface ServerParts extends LauncherParts {
  readonly dataDir: ClaimedDataDir
  readonly onState: (change: ServerStateChange) => unknown
  readonly signal: AbortSignal | undefined
}

type Reason = ServerStateChange['reason']

export class ManagedServer implements OpencodeServer {
  readonly #parts: ServerParts
  readonly #launcher: Launcher
  readonly #life = new AbortController()
  readonly #unhook: () => void
  readonly #onAbort = (): void => {
    this.#closing ??= this.#close('aborted', this.#parts.signal?.reason)
  }
  #port: number
  #state: ServerState = 'starting'
  #process: ServerProcess | null = null
  #exited: Promise<ServerExit> = Promise.resolve({ code: null, signal: null, expected: true })
  #readyAt = 0
  #attempts = 0
  #restarting: Promise<void> | null = null
  #closing: Promise<void> | null = null

  constructor(parts: ServerParts) {
    this.#parts = parts
    this.#launcher = new Launcher(parts)
    this.#port = parts.options.port
    this.#unhook = onProcessExit(parts.dataDir.release)
    Object.defineProperty(this, inspect.custom, {
      value: () => `OpencodeServer ${inspect(this.toJSON())}`,
    })
    parts.signal?.addEventListener('abort', this.#onAbort)
    if (parts.signal?.aborted === true) this.#onAbort()
  }

  get url(): string {
    return toUrl(this.#parts.options.hostname, this.#port)
  }
  get port(): number {
    return this.#port
  }
  get username(): string {
    return this.#parts.options.username
  }
  get password(): string | null {
    return this.#parts.options.password
  }
  get pid(): number | null {
    return this.#process?.pid ?? null
  }
  get directory(): string {
    return this.#parts.options.directory
  }
  get dataDir(): string {
    return this.#parts.dataDir.path
  }
  get binary(): string {
    return this.#parts.binary
  }
  get state(): ServerState {
    return this.#state
  }
  get exited(): Promise<ServerExit> {
    return this.#exited
  }

  get outageMs(): number {
    return outageMs(this.#parts.options)
  }

  logTail(): string {
    return this.#parts.log.text()
  }

  residentBytes(): number | null {
    return this.#process === null ? null : residentBytes(this.#process.pid, this.#parts.mark)
  }

  async probe(options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<ServerHealth> {
    if (this.#process === null) return unhealthy('exited')
    const timeoutMs = options.timeoutMs ?? this.#parts.options.probeTimeoutMs
    return this.#launcher.probe(this.#port, timeoutMs, options.signal)
  }

  async healthy(options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<boolean> {
    return (await this.probe(options)).healthy
  }

  /** The first start; only startServer calls it. */
  async start(): Promise<void> {
    // Noted as under way, so that close() waits until a half-started process is gone.
    this.#restarting = this.#launcher
      .launchFirst(this.#life.signal)
      .then((launched) => this.#adopt(launched))
      .finally(() => {
        this.#restarting = null
      })
    await this.#restarting
    this.#enter('ready', 'started')
  }

  async restart(): Promise<void> {
    if (this.#restarting === null) this.#attempts = 0
    return this.#bringBackOnce('asked')
  }

  close(): Promise<void> {
    this.#closing ??= this.#close('asked', new WireError('closed', 'This server was closed.'))
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** What may be printed: no password. */
  toJSON(): Record<string, unknown> {
    const { url, state, pid, directory, dataDir, binary } = this
    return { url, state, pid, directory, dataDir, binary }
  }

  async #close(reason: Reason, cause: unknown): Promise<void> {
    const { options, dataDir, signal } = this.#parts
    this.#life.abort(cause)
    signal?.removeEventListener('abort', this.#onAbort)
    await this.#restarting?.catch(() => undefined)
    await this.#process?.stop({ graceMs: options.stopGraceMs })
    this.#process = null
    this.#unhook()
    dataDir.release()
    this.#enter('closed', reason)
  }

  #adopt(launched: ServerProcess): void {
    this.#port = launched.port
    this.#process = launched
    this.#exited = launched.exited
    this.#readyAt = monotonic(this.#parts.options.clock)
    this.#watch(launched)
  }

  #watch(process: ServerProcess): void {
    const { supervise } = this.#parts.options
    void process.exited.then((exit) => {
      if (exit.expected || this.#process !== process) return
      this.#process = null
      if (supervise === null) this.#enter('exited', 'exited', exit)
      else void this.#bringBackOnce('exited', exit).catch(() => undefined)
    })
    if (supervise === null) return
    void this.#replaceWhenNeeded(process, supervise).catch(() => undefined)
  }

  async #replaceWhenNeeded(process: ServerProcess, options: WatchOptions): Promise<void> {
    const { clock } = this.#parts.options
    const { signal } = this.#life
    const verdict = await watchServer(
      {
        clock,
        signal,
        isCurrent: () => this.#process === process,
        isHealthy: () => this.healthy({ signal }),
        residentBytes: () => this.residentBytes(),
        isIdle: () => this.#launcher.isIdle(this.#port, signal),
        dispose: async () => {
          await this.#launcher.dispose(this.#port, signal)
          this.#enter('ready', 'memory')
        },
      },
      options,
    )
    if (verdict !== 'gone') await this.#bringBackOnce(verdict)
  }

  #bringBackOnce(reason: Reason, exit: ServerExit | null = null): Promise<void> {
    // One step later, so that an observer that calls restart() finds this one under way.
    this.#restarting ??= Promise.resolve()
      .then(() => this.#bringBack(reason, exit))
      .finally(() => {
        this.#restarting = null
      })
    return this.#restarting
  }

  async #bringBack(reason: Reason, exit: ServerExit | null): Promise<void> {
    const { options } = this.#parts
    const { clock, maxAttempts, backoff, random, supervise } = options
    const { signal } = this.#life
    signal.throwIfAborted()
    this.#enter('restarting', reason, exit)
    const old = this.#process
    this.#process = null
    await old?.stop({ graceMs: reason === 'unhealthy' ? 0 : options.stopGraceMs })
    if (monotonic(clock) - this.#readyAt >= (supervise?.stableMs ?? 0)) this.#attempts = 0

    let failure: unknown = this.#endedTooOften()
    while (this.#attempts < maxAttempts) {
      const failures = this.#attempts
      this.#attempts += 1
      try {
        if (failures > 0) await clock.sleep(jitteredDelayMs(backoff, failures, random), { signal })
        this.#parts.dataDir.tidy()
        this.#adopt(await this.#launcher.launch(this.#port, signal))
        return this.#enter('ready', reason)
      } catch (error) {
        signal.throwIfAborted()
        failure = error
      }
    }
    this.#enter('exited', 'gave_up', null, failure)
    throw failure
  }

  #endedTooOften(): WireError {
    return new WireError(
      'server_exited',
      `opencode serve ended soon after each of ${this.#attempts} starts. ${this.#parts.log.summary()}`,
    )
  }

  #enter(
    state: ServerState,
    reason: Reason,
    exit: ServerExit | null = null,
    error?: unknown,
  ): void {
    this.#state = state
    notify(this.#parts.onState, { state, reason, pid: this.pid, exit, error })
  }
}
