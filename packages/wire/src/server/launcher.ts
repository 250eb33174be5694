import { callApi, type ApiAnswer, type ApiTarget } from './api-call.js'
import { freePort } from './process/free-port.js'
import { launch, saysPortTaken, type ServerProcess } from './launch.js'
import type { LogTail } from './process/log-tail.js'
import { toUrl, type ResolvedOptions } from './options.js'
import { probeServer, type ServerHealth } from './probe.js'
import { startFailed } from './start-failed.js'

/** Everything that stays the same from one life of a server to the next. */
export interface LauncherParts {
  readonly options: ResolvedOptions
  readonly binary: string
  readonly extraArgs: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly mark: string
  readonly log: LogTail
  readonly redact: (text: string) => string
  readonly onSpawn: (pid: number) => void
}

/** Starts a server process, and asks a running one how it is. */
export class Launcher {
  readonly #parts: LauncherParts

  constructor(parts: LauncherParts) {
    this.#parts = parts
  }

  /** A first life: on the given port, or on a free one; that one may be taken by somebody just before the server takes it. */
  async launchFirst(signal: AbortSignal): Promise<ServerProcess> {
    const { options, log } = this.#parts
    if (options.port !== 0) return this.launch(options.port, signal)
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.launch(await this.#choosePort(), signal)
      } catch (error) {
        if (attempt === maxPortAttempts || !saysPortTaken(log.text())) throw error
      }
    }
  }

  /** A life on this port, once it answers API calls. Nothing is left running when it fails. */
  async launch(port: number, signal: AbortSignal): Promise<ServerProcess> {
    const { options, extraArgs, ...spec } = this.#parts
    const { clock, hostname, directory, readyTimeoutMs, stopGraceMs } = options
    const args = ['serve', '--hostname', hostname, '--port', String(port), ...extraArgs]
    const launched = await launch(
      { ...spec, args, cwd: directory, readyTimeoutMs },
      { clock, signal },
    )
    try {
      await this.#assertUsable(launched.port, signal)
      return launched
    } catch (error) {
      await launched.stop({ graceMs: stopGraceMs })
      throw error
    }
  }

  /** Makes a real API call with a time limit. */
  async probe(port: number, timeoutMs: number, signal?: AbortSignal): Promise<ServerHealth> {
    const { options, redact } = this.#parts
    const health = await probeServer(this.#target(port), {
      clock: options.clock,
      timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    })
    return { ...health, detail: health.detail === null ? null : redact(health.detail) }
  }

  /** Whether no session of the directory is busy. An unclear answer counts as busy. */
  async isIdle(port: number, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#call(port, { method: 'GET', path: '/session/status' }, signal)
    return answer.kind === 'answer' && answer.status === 200 && answer.text.trim() === '{}'
  }

  /** Lets the server close all project instances; they load again with the next request. */
  async dispose(port: number, signal: AbortSignal): Promise<void> {
    await this.#call(port, { method: 'POST', path: '/global/dispose' }, signal)
  }

  #call(
    port: number,
    call: Parameters<typeof callApi>[1],
    signal: AbortSignal,
  ): Promise<ApiAnswer> {
    const { clock, probeTimeoutMs: timeoutMs } = this.#parts.options
    return callApi(this.#target(port), call, { clock, timeoutMs, signal })
  }

  #target(port: number): ApiTarget {
    const { hostname, directory, username, password } = this.#parts.options
    const token = Buffer.from(`${username}:${password ?? ''}`).toString('base64')
    const authorization = password === null ? null : `Basic ${token}`
    return { url: toUrl(hostname, port), authorization, directory }
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
  async #assertUsable(port: number, signal: AbortSignal): Promise<void> {
    const { options, log } = this.#parts
    const health = await this.probe(port, options.readyTimeoutMs, signal)
    if (health.healthy) return
    const answer = health.status === null ? health.reason : `status ${health.status}`
    throw startFailed(
      `it listens, but its first API call failed (${answer}). ${health.detail ?? log.summary()}`,
    )
  }
}

const maxPortAttempts = 3
