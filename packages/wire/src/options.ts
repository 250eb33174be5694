import type { Dispatcher } from 'undici'

import { systemClock, type Clock } from './clock.js'
import type { ReconnectPolicy } from './retry-policy.js'
import type { Allowance } from './guards.js'
import { resolveRoots } from './prompt-files.js'
import { assertKnown, type Names } from './values/known-options.js'
import { secureRandom } from './values/secure-random.js'
import { parseBaseUrl, type Base } from './values/url.js'

/** Headers for every request: fixed, or asked for each time (a token that expires). */
export type HeadersOption =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>)

/** Budgets of a client, in milliseconds; 0 means without end. */
export interface Timeouts {
  /** To open a connection to the server; not with a `dispatcher`. Default: 10 000. */
  readonly connectMs: number
  /** For a whole request and its answer. Default: `OPENCODE_TIMEOUT` (seconds), else 120 000. */
  readonly requestMs: number
  /** For the calls that answer when the agent has finished (`session.prompt`, `command`, `shell` …). Default: 1 800 000. */
  readonly turnMs: number
  /** For an event stream to open and say `server.connected`. Default: 5 000. */
  readonly streamOpenMs: number
  /** An event stream without any byte for this long is dead. Default: 30 000, three missed heartbeats. */
  readonly silenceMs: number
}

/** Sizes that a client never exceeds. */
export interface Limits {
  /** One event, in bytes. Default: 16 MiB. A larger one breaks the stream, which reconnects with a gap. */
  readonly frameBytes: number
  /** One buffered answer, in bytes. Default: 256 MiB. `fs.read` streams and is not bounded. */
  readonly responseBytes: number
  /** Events waiting for one slow subscriber. Default: 4096. */
  readonly queueEvents: number
  /** Size of the events waiting for one slow subscriber, in bytes. Default: 32 MiB. */
  readonly queueBytes: number
}

/** What {@link createClient} takes; everything has a default. */
export interface ClientOptions {
  /** Where the server is; a path prefix and a query are kept. Default: `OPENCODE_BASE_URL`, else `http://127.0.0.1:4096`. */
  baseUrl?: string | URL | undefined
  /** Default: from `baseUrl`, else `OPENCODE_SERVER_USERNAME`, else `opencode`. Only sent together with a password. */
  username?: string | undefined
  /** Default: from `baseUrl`, else `OPENCODE_SERVER_PASSWORD`, else none; `null` for none at all. */
  password?: string | null | undefined
  /** The project directory on the server that requests and events are about. Default: the server's own. */
  directory?: string | undefined
  /** The workspace that requests are about. Default: none. */
  workspace?: string | undefined
  /** Added to every request. */
  headers?: HeadersOption | undefined
  /** Budgets; what is left out keeps its default. */
  timeouts?: Partial<Timeouts> | undefined
  /** Size limits; what is left out keeps its default. */
  limits?: Partial<Limits> | undefined
  /** How broken event streams come back; what is left out keeps its default. */
  reconnect?: Partial<ReconnectPolicy> | undefined
  /** How often a failed GET is tried again when that may help. Default: 0, never. Nothing else is ever repeated. */
  readRetries?: number | undefined
  /** Dangerous things that this client may do. Default: none of them. */
  allow?: readonly Allowance[] | undefined
  /**
   * Folders on the server's machine, as absolute paths, whose files prompts may name by `file:` URLs. The server reads
   * such a file without asking, wherever it lies, and follows symbolic links: allow only folders that the agent cannot
   * write to. Default: none.
   */
  allowFiles?: readonly string[] | undefined
  /**
   * An undici 7 dispatcher (proxy, mock, TLS options). It stays the caller's to close, and opens connections by its
   * own budget; its `headersTimeout` and `bodyTimeout` are not used. Default: an own `Agent`.
   */
  dispatcher?: Dispatcher | undefined
  /** Time. Default: the machine's. */
  clock?: Clock | undefined
  /** Uniform numbers in [0, 1), for the jitter of waits. Default: from the system's secure source. */
  random?: (() => number) | undefined
  /** Where the `OPENCODE_…` variables are read. Default: `process.env`. */
  env?: Readonly<Record<string, string | undefined>> | undefined
}

/** Options with every default filled in. */
export interface Settings {
  readonly base: Base
  readonly authorization: string | null
  readonly directory: string | undefined
  readonly workspace: string | undefined
  readonly headers: HeadersOption | undefined
  readonly timeouts: Timeouts
  readonly limits: Limits
  readonly reconnect: ReconnectPolicy
  readonly readRetries: number
  readonly allow: readonly Allowance[]
  readonly allowFiles: readonly string[]
  readonly clock: Clock
  readonly random: () => number
}

const clientNames: Names<ClientOptions> = {
  baseUrl: true,
  username: true,
  password: true,
  directory: true,
  workspace: true,
  headers: true,
  timeouts: true,
  limits: true,
  reconnect: true,
  readRetries: true,
  allow: true,
  allowFiles: true,
  dispatcher: true,
  clock: true,
  random: true,
  env: true,
}

const mebibyte = 1024 * 1024

/** Fills in defaults; throws `TypeError` or `RangeError` for what cannot be meant. */
export function resolveOptions(options: ClientOptions): Settings {
  assertKnown('`createClient`', options, clientNames)
  const env = options.env ?? process.env
  const base = parseBaseUrl(
    options.baseUrl ?? nonEmpty(env['OPENCODE_BASE_URL']) ?? 'http://127.0.0.1:4096',
    options.baseUrl === undefined ? 'OPENCODE_BASE_URL' : 'baseUrl',
  )
  const username =
    options.username ?? base.username ?? nonEmpty(env['OPENCODE_SERVER_USERNAME']) ?? 'opencode'
  const known =
    options.password ?? base.password ?? nonEmpty(env['OPENCODE_SERVER_PASSWORD']) ?? null
  const password = options.password === null ? null : known
  return {
    base,
    authorization: password === null ? null : basicAuthorization(username, password),
    directory: options.directory,
    workspace: options.workspace,
    headers: options.headers,
    timeouts: withDefaults('timeouts', options.timeouts, {
      connectMs: 10_000,
      requestMs: requestMsFrom(env['OPENCODE_TIMEOUT']),
      turnMs: 1_800_000,
      streamOpenMs: 5_000,
      silenceMs: 30_000,
    }),
    limits: withDefaults('limits', options.limits, {
      frameBytes: 16 * mebibyte,
      responseBytes: 256 * mebibyte,
      queueEvents: 4096,
      queueBytes: 32 * mebibyte,
    }),
    reconnect: withDefaults('reconnect', options.reconnect, {
      firstDelayMs: 250,
      maxDelayMs: 30_000,
      stableAfterMs: 10_000,
      giveUpAfterMs: 600_000,
    }),
    readRetries: withDefaults('', { readRetries: options.readRetries ?? 0 }, { readRetries: 0 })
      .readRetries,
    allow: options.allow ?? [],
    allowFiles: resolveRoots(options.allowFiles ?? []),
    clock: options.clock ?? systemClock,
    random: options.random ?? secureRandom,
  }
}

function basicAuthorization(username: string, password: string): string {
  if (username.includes(':')) throw new TypeError('`username` must not contain a colon')
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function requestMsFrom(seconds: string | undefined): number {
  if (seconds === undefined || seconds.trim() === '') return 120_000
  const value = Number(seconds)
  if (!Number.isFinite(value) || value <= 0) {
    throw new RangeError('`OPENCODE_TIMEOUT` must be a positive number of seconds')
  }
  return value * 1000
}

function withDefaults<T extends { readonly [K in keyof T]: number }>(
  group: string,
  given: Partial<T> | undefined,
  defaults: T,
): T {
  const result: Record<string, number> = { ...defaults }
  for (const [name, value] of Object.entries(given ?? {})) {
    if (value === undefined) continue
    const label = group === '' ? name : `${group}.${name}`
    if (!(name in defaults)) throw new TypeError(`\`${label}\` is not an option`)
    if (typeof value !== 'number' || !(value >= 0)) {
      throw new RangeError(`\`${label}\` must be a number that is not negative`)
    }
    result[name] = value
  }
  return result as T
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value
}
