import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { TestkitError } from '../errors.js'
import { findOpencodeBinary } from './find-binary.js'
import { createIsolatedHome } from './isolated-home.js'
import { machineFactor } from './machine-factor.js'
import { mergeConfig, scriptedConfig, type ScriptedProvider } from './model-config.js'
import { spawnServer, type ServerProcess } from './server-process.js'
import { assertKnown, type Names } from '../known-options.js'

/** Options of {@link startOpencode}. */
export interface StartOpencodeOptions {
  /** The model that it uses: a scripted model, or the base URL of an OpenAI-compatible one. */
  readonly model: { readonly url: string } | string
  /**
   * Providers of the server's own that are pointed at the model too, which must then speak their APIs, as a scripted
   * model does: `openai/gpt-5-scripted` and `anthropic/claude-scripted`. Default: none.
   */
  readonly providers?: readonly ScriptedProvider[]
  /** The executable. Default: {@link findOpencodeBinary}. */
  readonly binary?: string
  /** The project directory. Default: a new temporary one. */
  readonly directory?: string
  /** Make the temporary project a git repository with one commit. Default false: snapshots cost time. */
  readonly git?: boolean
  /** Whether the server takes git snapshots at each step. Default true, as the server's own: they cost time in a repository. */
  readonly snapshot?: boolean
  /**
   * Whether the server fetches `@opencode-ai/plugin` into its settings when it first works in a folder, as it does by itself: 30 MB from
   * npm's registry, and several seconds of a core. Plugins and tools in TypeScript import it. Default false.
   */
  readonly installPlugins?: boolean
  /** Server configuration, laid over the one for the scripted model. */
  readonly config?: Readonly<Record<string, unknown>>
  /** More environment variables. The machine's own are not passed on, except `PATH` and `LANG`. */
  readonly env?: Readonly<Record<string, string>>
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number
  /** Folder of the server's own data; it is kept on close. Default: a temporary one that is removed. */
  readonly dataDir?: string
  /** Default: 24 random bytes. `null` starts an unprotected server. */
  readonly password?: string | null
  /** Default `opencode`. */
  readonly username?: string
  /** How long to wait for readiness, in milliseconds. Default: 30,000, times {@link machineFactor}. */
  readonly readyTimeoutMs?: number
  /** Aborts the start. */
  readonly signal?: AbortSignal
}

const optionNames: Names<StartOpencodeOptions> = {
  model: true,
  providers: true,
  binary: true,
  directory: true,
  git: true,
  snapshot: true,
  installPlugins: true,
  config: true,
  env: true,
  port: true,
  dataDir: true,
  password: true,
  username: true,
  readyTimeoutMs: true,
  signal: true,
}

/** A real, isolated `opencode serve`. */
export interface RunningOpencode {
  /** `http://127.0.0.1:<port>`; the port stays over restarts. */
  readonly url: string
  readonly username: string
  /** Empty when the server is unprotected. */
  readonly password: string
  /** Headers that authenticate; empty when the server is unprotected. */
  readonly headers: Readonly<Record<string, string>>
  /** The project directory. */
  readonly directory: string
  /** Folder that holds the server's data. */
  readonly dataDir: string
  /** Process id of the current server; null between `kill` and `restart`. */
  readonly pid: number | null
  /** Sends a signal (default SIGKILL) to the process group and, unless it is SIGSTOP or SIGCONT, waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Kills it if it runs, then starts it again on the same data and port. */
  restart(): Promise<void>
  /** The last 20,000 characters that the server printed. */
  logTail(): string
  /** Kills it and removes its temporary folders. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a real `opencode serve` with its own home, data, temporary folder, port and password.
 * Fails with `binary_missing` or `start_failed`.
 *
 * @example
 * const model = await startScriptedModel(reply(text('Hello.')))
 * const server = await startOpencode({ model })
 * await server.close()
 */
export async function startOpencode(options: StartOpencodeOptions): Promise<RunningOpencode> {
  assertKnown('`startOpencode`', options, optionNames)
  if (options.model === undefined) {
    throw new TypeError('`model` is missing, such as `await startScriptedModel()`.')
  }
  const binary = options.binary ?? findOpencodeBinary()
  if (binary === null) {
    throw new TestkitError(
      'binary_missing',
      'No opencode executable: install `opencode-linux-x64` (or your platform’s package), or set OPENCODE_BINARY',
    )
  }
  const modelUrl = typeof options.model === 'string' ? options.model : options.model.url
  const config = mergeConfig(
    { ...scriptedConfig(modelUrl, options.providers), snapshot: options.snapshot ?? true },
    options.config ?? {},
  )
  const home = await createIsolatedHome(config, {
    root: options.dataDir,
    git: options.git ?? false,
    installPlugins: options.installPlugins ?? false,
  })
  const password =
    options.password === undefined ? randomBytes(24).toString('base64url') : options.password
  const username = options.username ?? 'opencode'
  const directory = options.directory ?? home.project
  const port = options.port === undefined || options.port === 0 ? await freePort() : options.port
  let log = ''
  let current: ServerProcess | null = null
  let launching: Promise<void> | null = null
  let closing: Promise<void> | null = null

  const launch = async (): Promise<void> => {
    const started = await spawnServer({
      binary,
      temporary: options.dataDir === undefined ? home.root : null,
      cwd: directory,
      env: serverEnvironment(home.env, options.env, username, password),
      port,
      readyTimeoutMs: options.readyTimeoutMs ?? 30_000 * machineFactor(),
      signal: options.signal,
      onOutput: (text) => {
        log = (log + text).slice(-20_000)
      },
    })
    current = started
    if (closing !== null) await kill()
    void started.exited.then(() => {
      if (current === started) current = null
    })
  }

  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const running = current
    if (!running) return
    running.kill(signal)
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await running.exited
  }

  const end = async (): Promise<void> => {
    await kill()
    await launching?.catch(() => {})
    await home.remove()
  }
  const close = (): Promise<void> => (closing ??= end())

  try {
    await launch()
  } catch (error) {
    await close()
    throw error
  }

  return {
    url: `http://127.0.0.1:${port}`,
    username,
    password: password ?? '',
    headers: password === null ? {} : { authorization: basic(username, password) },
    directory,
    dataDir: home.root,
    get pid() {
      return current?.pid ?? null
    },
    kill,
    async restart() {
      if (closing !== null) {
        throw new TestkitError('closed', 'This server is closed; start a new one')
      }
      launching = kill().then(launch)
      await launching
    },
    logTail: () => log,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function serverEnvironment(
  own: Readonly<Record<string, string>>,
  extra: Readonly<Record<string, string>> | undefined,
  username: string,
  password: string | null,
): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    LANG: process.env['LANG'] ?? 'C.UTF-8',
    ...own,
    ...(password === null
      ? {}
      : { OPENCODE_SERVER_PASSWORD: password, OPENCODE_SERVER_USERNAME: username }),
    ...extra,
  }
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
