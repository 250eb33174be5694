import { inspect } from 'node:util'
import { WireError } from '../errors.js'
import { backoffMs } from './backoff.js'
import type { ClaimedDataDir } from './data-dir.js'
import { onProcessExit } from './exit-hook.js'
import { freePort } from './free-port.js'
import { launch, saysPortTaken, type ServerExit, type ServerProcess } from './launch.js'
import type { LogTail } from './log-tail.js'
import type { OpencodeServer } from './opencode-server.js'
import { toUrl, type ResolvedOptions } from './options.js'
import { probeServer, unhealthy, type ServerHealth } from './probe.js'
import { startFailed } from './start-failed.js'
import type { ServerState, ServerStateChange } from './state.js'

/** What one server needs beside its options. */
export interface ServerParts {
  readonly options: ResolvedOptions
  readonly binary: string
  readonly extraArgs: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly mark: string
  readonly dataDir: ClaimedDataDir
  readonly log: LogTail
  readonly redact: (text: string) => string
  readonly onSpawn: (pid: number) => void
  readonly onState: (change: ServerStateChange) => void
  readonly signal: AbortSignal | undefined
}

const maxPortAttempts = 3

type Reason = ServerStateChange['reason']

export class ManagedServer implements OpencodeServer {
  readonly #parts: ServerParts
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
    this.#port = parts.options.port
    this.#unhook = onProcessExit(parts.dataDir.release)
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

  logTail(): string {
    return this.#parts.log.text()
  }

  async probe(options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<ServerHealth> {
    if (this.#process === null) return unhealthy('exited')
    return this.#probePort(this.#port, options.timeoutMs, options.signal)
  }

  async healthy(options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<boolean> {
    return (await this.probe(options)).healthy
  }

  /** The first start; only {@link startServer} calls it. */
  async start(): Promise<void> {
    const { options, log } = this.#parts
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#launch()
        return this.#enter('ready', 'started')
      } catch (error) {
        const isPortTaken = options.port === 0 && saysPortTaken(log.text())
        if (!isPortTaken || attempt === maxPortAttempts) throw error
      }
    }
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

  [inspect.custom](): string {
    return `OpencodeServer ${inspect(this.toJSON())}`
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

  async #launch(): Promise<void> {
    const { options, binary, extraArgs, env, mark, log, onSpawn } = this.#parts
    const { clock, hostname, directory, readyTimeoutMs, stopGraceMs } = options
    const port = this.#port === 0 ? await this.#choosePort() : this.#port
    const args = ['serve', '--hostname', hostname, '--port', String(port), ...extraArgs]
    const launched = await launch(
      { binary, args, env, cwd: directory, mark, log, readyTimeoutMs, onSpawn },
      { clock, signal: this.#life.signal },
    )
    try {
      await this.#assertUsable(launched.port)
    } catch (error) {
      await launched.stop({ graceMs: stopGraceMs })
      throw error
    }
    this.#port = launched.port
    this.#process = launched
    this.#exited = launched.exited
    this.#readyAt = clock.now()
    this.#watch(launched)
  }

  async #choosePort(): Promise<number> {
    const { hostname } = this.#parts.options
    try {
      return await freePort(hostname)
    } catch (error) {
      throw startFailed(`no port can be opened on \`hostname\` ${hostname}.`, error)
    }
  }

  /** A server with a broken configuration prints its line and then refuses every call. */
  async #assertUsable(port: number): Promise<void> {
    const { options, log } = this.#parts
    const health = await this.#probePort(port, options.readyTimeoutMs, this.#life.signal)
    if (health.healthy) return
    const answer = health.status === null ? health.reason : `status ${health.status}`
    throw startFailed(
      `it listens, but its first API call failed (${answer}). ${health.detail ?? log.summary()}`,
    )
  }

  async #probePort(port: number, timeoutMs?: number, signal?: AbortSignal): Promise<ServerHealth> {
    const { options, redact } = this.#parts
    const { hostname, directory, username, password, clock } = options
    const token = Buffer.from(`${username}:${password ?? ''}`).toString('base64')
    const health = await probeServer(
      {
        url: toUrl(hostname, port),
        authorization: password === null ? null : `Basic ${token}`,
        directory,
      },
      {
        clock,
        timeoutMs: timeoutMs ?? options.probeTimeoutMs,
        ...(signal === undefined ? {} : { signal }),
      },
    )
    return { ...health, detail: health.detail === null ? null : redact(health.detail) }
  }

  #watch(process: ServerProcess): void {
    const { supervise } = this.#parts.options
    void process.exited.then((exit) => {
      if (exit.expected || this.#process !== process) return
      this.#process = null
      if (supervise === null) this.#enter('exited', 'exited', exit)
      else void this.#bringBackOnce('exited', exit).catch(() => undefined)
    })
    if (supervise !== null) void this.#probeAgainAndAgain(process).catch(() => undefined)
  }

  async #probeAgainAndAgain(process: ServerProcess): Promise<void> {
    const { supervise, clock } = this.#parts.options
    if (supervise === null) return
    const { signal } = this.#life
    let failures = 0
    while (failures < supervise.probeFailures) {
      await clock.sleep(supervise.probeIntervalMs, { signal })
      if (this.#process !== process) return
      failures = (await this.healthy({ signal })) ? 0 : failures + 1
      if (this.#process !== process) return
    }
    await this.#bringBackOnce('unhealthy')
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
    if (clock.now() - this.#readyAt >= (supervise?.stableMs ?? 0)) this.#attempts = 0

    let failure: unknown = this.#endedTooOften()
    while (this.#attempts < maxAttempts) {
      this.#attempts += 1
      try {
        await clock.sleep(backoffMs(this.#attempts, backoff, random), { signal })
        await this.#launch()
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
    try {
      this.#parts.onState({ state, reason, pid: this.pid, exit, error })
    } catch {
      // An observer's mistake must not stop the server that it observes.
    }
  }
}
