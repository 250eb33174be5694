import { resolve } from 'node:path'
import type { Clock } from '../clock.js'
import { systemClock } from '../clock.js'
import type { Backoff } from '../retry-policy.js'
import { assertKnown, type Names } from '../values/known-options.js'
import type { Environment } from './process/child-env.js'
import { toConfigJson } from './config-json.js'
import type { ServerStateChange } from './state.js'

/** How a supervised server is watched and brought back. */
export interface SuperviseOptions {
  /** Pause between two health probes, in milliseconds. Default 15,000. */
  readonly probeIntervalMs?: number
  /** Failed probes in a row after which the server is killed and restarted. Default 2. */
  readonly probeFailures?: number
  /** Attempts in a row, without a stable life in between, after which it gives up. Default 8. */
  readonly maxAttempts?: number
  /** A server that lived this long starts with a clean slate, in milliseconds. Default 60,000. */
  readonly stableMs?: number
  /**
   * Resident memory of the server and all it started, in bytes, above which an idle server first disposes its
   * project instances and then, if that did not help and it lived for `stableMs`, is restarted. A server needs
   * about 400 MB at rest and 600 MB after a turn. Default: no limit.
   */
  readonly memoryLimitBytes?: number
  /**
   * Whether the server may be interrupted. Default: no session of `directory` is busy. Give your own where
   * one server works in several directories; when it throws, the answer is no.
   */
  readonly isIdle?: () => boolean | Promise<boolean>
}

/** Supervision with its defaults. */
export interface WatchOptions extends Required<Omit<SuperviseOptions, 'isIdle'>> {
  readonly isIdle: (() => boolean | Promise<boolean>) | null
}

/** What {@link startServer} takes. */
export interface ServerOptions {
  /** Path of the opencode executable. Default: `OPENCODE_BINARY`, else `opencode` on PATH, else the npm package of this platform. */
  readonly binary?: string
  /** npm package that holds the executable, tried instead of `OPENCODE_BINARY` and PATH. */
  readonly package?: string
  /** Folder from which the npm package is resolved. Default: the current directory. */
  readonly resolveFrom?: string
  /** Port to listen on. Default 0: a free one. Restarts keep it. */
  readonly port?: number
  /** Address to listen on. Default `127.0.0.1`. */
  readonly hostname?: string
  /** The agent's working directory. Default: the current directory. */
  readonly directory?: string
  /** Server configuration, as in `opencode.json`; at most 100 KiB as JSON. */
  readonly config?: Readonly<Record<string, unknown>>
  /**
   * Whether the server fetches `@opencode-ai/plugin` into its settings when it first works in a folder, as it does by itself: 30 MB from
   * npm's registry, and several seconds of a core. Plugins and tools in TypeScript import it. Default true.
   */
  readonly installPlugins?: boolean
  /** More environment for the server, which the agent's shell can read. Undefined removes an inherited variable. */
  readonly env?: Environment
  /** More arguments of `opencode serve`, such as `--print-logs`. */
  readonly args?: readonly string[]
  /** User name for requests. Default `opencode`. */
  readonly username?: string
  /** Password for requests. Default: a random one. Null switches it off, which is refused outside loopback. */
  readonly password?: string | null
  /**
   * Folder for the server's database, settings, caches and temporary files. It survives restarts and
   * `close()`. One server per folder: a second start on this machine is refused. Containers do not see each other's
   * processes, so they must not share one. Default: a temporary folder that `close()` removes.
   */
  readonly dataDir?: string
  /**
   * How long one start may take, in milliseconds. Default 30,000: a calm machine needs 2 s, one with a load of eight times
   * its cores may need longer than that.
   */
  readonly readyTimeoutMs?: number
  /** How long a health probe may take, in milliseconds. Default 10,000. */
  readonly probeTimeoutMs?: number
  /** How long the server may take to end after SIGTERM before SIGKILL, in milliseconds. Default 2,000. */
  readonly stopGraceMs?: number
  /** Bring the server back after an unexpected exit or failed probes. Default false. */
  readonly supervise?: boolean | SuperviseOptions
  /** Waits between attempts of one restart. Default: up to 500 ms at first, doubling to 30,000 ms. */
  readonly backoff?: Backoff
  /** Called with every change of state. What it throws, or rejects with, is ignored. */
  readonly onState?: (change: ServerStateChange) => void
  /** How much of the server's output is kept, in characters. Default 65,536. */
  readonly logTailLength?: number
  /** Aborting it stops a start, and later closes the server. */
  readonly signal?: AbortSignal
  /** Time for timeouts, probes and backoff. Default: the machine's. */
  readonly clock?: Clock
  /** Randomness for backoff, from 0 to below 1. Default `Math.random`. */
  readonly random?: () => number
}

/** Validated options with their defaults. */
export interface ResolvedOptions {
  readonly port: number
  readonly hostname: string
  readonly directory: string
  readonly configJson: string | null
  readonly username: string
  readonly password: string | null
  readonly readyTimeoutMs: number
  readonly probeTimeoutMs: number
  readonly stopGraceMs: number
  readonly supervise: WatchOptions | null
  readonly maxAttempts: number
  readonly backoff: Backoff
  readonly logTailLength: number
  readonly clock: Clock
  readonly random: () => number
}

const superviseNames: Names<SuperviseOptions> = {
  probeIntervalMs: true,
  probeFailures: true,
  maxAttempts: true,
  stableMs: true,
  memoryLimitBytes: true,
  isIdle: true,
}

const serverNames: Names<ServerOptions> = {
  binary: true,
  package: true,
  resolveFrom: true,
  port: true,
  hostname: true,
  directory: true,
  config: true,
  installPlugins: true,
  env: true,
  args: true,
  username: true,
  password: true,
  dataDir: true,
  readyTimeoutMs: true,
  probeTimeoutMs: true,
  stopGraceMs: true,
  supervise: true,
  backoff: true,
  onState: true,
  logTailLength: true,
  signal: true,
  clock: true,
  random: true,
}

/** Fills in defaults; throws TypeError or RangeError for what cannot work. */
export function resolveOptions(
  options: ServerOptions,
  createPassword: () => string,
): ResolvedOptions {
  assertKnown('`startServer`', options, serverNames)
  const hostname = options.hostname ?? '127.0.0.1'
  const password = options.password === undefined ? createPassword() : options.password
  if (password === '') throw new TypeError('`password` is empty; leave it out for a random one')
  if (password === null && !isLoopback(hostname)) {
    throw new TypeError(
      `\`password: null\` is refused for \`hostname\` ${hostname}: everybody on the network could run commands; leave the password out for a random one`,
    )
  }
  const username = options.username ?? 'opencode'
  if (username === '' || username.includes(':')) {
    throw new TypeError(
      '`username` must not be empty or hold a colon; Basic authentication ends it there',
    )
  }
  const supervise = resolveSupervise(options.supervise ?? false)
  return {
    port: integer('port', options.port ?? 0, 0, 65_535),
    hostname,
    directory: resolve(options.directory ?? '.'),
    configJson: options.config === undefined ? null : toConfigJson(options.config),
    username,
    password,
    readyTimeoutMs: integer('readyTimeoutMs', options.readyTimeoutMs ?? 30_000, 1),
    probeTimeoutMs: integer('probeTimeoutMs', options.probeTimeoutMs ?? 10_000, 1),
    stopGraceMs: integer('stopGraceMs', options.stopGraceMs ?? 2000, 0),
    supervise,
    maxAttempts: supervise?.maxAttempts ?? defaultMaxAttempts,
    backoff: options.backoff ?? { firstDelayMs: 500, maxDelayMs: 30_000 },
    logTailLength: integer('logTailLength', options.logTailLength ?? 65_536, 0),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  }
}

/** From the moment a server freezes until another one answers, at the first attempt. */
export function outageMs(options: ResolvedOptions): number {
  const { supervise, probeTimeoutMs, stopGraceMs, readyTimeoutMs } = options
  if (supervise === null) return Infinity
  const foundMs = supervise.probeFailures * (supervise.probeIntervalMs + probeTimeoutMs)
  return foundMs + stopGraceMs + readyTimeoutMs
}

const defaultMaxAttempts = 8

function resolveSupervise(option: boolean | SuperviseOptions): WatchOptions | null {
  if (option === false) return null
  const given = option === true ? {} : option
  assertKnown('`supervise`', given, superviseNames)
  return {
    probeIntervalMs: integer('supervise.probeIntervalMs', given.probeIntervalMs ?? 15_000, 1),
    probeFailures: integer('supervise.probeFailures', given.probeFailures ?? 2, 1),
    maxAttempts: integer('supervise.maxAttempts', given.maxAttempts ?? defaultMaxAttempts, 1),
    stableMs: integer('supervise.stableMs', given.stableMs ?? 60_000, 0),
    memoryLimitBytes:
      given.memoryLimitBytes === undefined
        ? Number.POSITIVE_INFINITY
        : integer('supervise.memoryLimitBytes', given.memoryLimitBytes, 1),
    isIdle: given.isIdle ?? null,
  }
}

function integer(name: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new RangeError(`\`${name}\` must be a whole number from ${min} to ${max}, not ${value}`)
}

/** True for addresses that only this machine can reach. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '::1' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/** The address under which this machine reaches a server that listens on `hostname`. */
export function toUrl(hostname: string, port: number): string {
  if (hostname === '0.0.0.0') return `http://127.0.0.1:${port}`
  if (hostname === '::') return `http://[::1]:${port}`
  return `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`
}
