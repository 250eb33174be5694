import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { inheritedEnv, dataFolders, mergeEnv } from './process/child-env.js'
import { openDataDir } from './data-dir.js'
import { assertSupportedPlatform, findOpencode } from './find-opencode.js'
import { LogTail } from './process/log-tail.js'
import { ManagedServer } from './managed-server.js'
import type { OpencodeServer } from './opencode-server.js'
import { resolveOptions, type ResolvedOptions, type ServerOptions } from './options.js'
import { collectSecrets, createRedactor } from './secrets.js'
import { recordServer } from './server-record.js'
import { startFailed } from './start-failed.js'

/**
 * Starts `opencode serve` as a child process and waits until it can be used.
 *
 * @throws WireError with code `server_unsupported` (Windows, no executable) or `server_start_failed`;
 * TypeError or RangeError for options that cannot work; the signal's reason when aborted. Nothing is left running then.
 * @example
 * const server = await startServer({ directory: '/srv/project', supervise: true })
 * const client = createClient({ baseUrl: server.url, username: server.username, password: server.password })
 * await server.close()
 */
export async function startServer(options: ServerOptions = {}): Promise<OpencodeServer> {
  const { signal } = options
  signal?.throwIfAborted()
  assertSupportedPlatform()
  const resolved = resolveOptions(options, () => randomBytes(24).toString('base64url'))
  const binary = findOpencode({ ...options, env: { ...process.env, ...options.env } }).path
  assertDirectory(resolved.directory)

  const mark = randomBytes(16).toString('hex')
  const dataDir = await openDataDir(options.dataDir, mark, options.installPlugins ?? true)
  const redact = createRedactor(secretsOf(options, resolved))
  const server = new ManagedServer({
    options: resolved,
    binary,
    extraArgs: options.args ?? [],
    env: serverEnv(options, resolved, dataDir.path),
    mark,
    dataDir,
    log: new LogTail(resolved.logTailLength, redact),
    redact,
    onSpawn: (pid) => recordServer(dataDir.path, mark, pid),
    onState: (change) => options.onState?.(change),
    signal,
  })
  try {
    await server.start()
    return server
  } catch (error) {
    await server.close()
    throw error
  }
}

function serverEnv(
  options: ServerOptions,
  resolved: ResolvedOptions,
  dataDir: string,
): Record<string, string> {
  return mergeEnv(
    inheritedEnv(process.env),
    dataFolders(dataDir),
    { OPENCODE_DISABLE_AUTOUPDATE: '1' },
    options.env ?? {},
    resolved.configJson === null ? {} : { OPENCODE_CONFIG_CONTENT: resolved.configJson },
    {
      OPENCODE_SERVER_USERNAME: resolved.username,
      OPENCODE_SERVER_PASSWORD: resolved.password ?? undefined,
    },
  )
}

function secretsOf(options: ServerOptions, { username, password }: ResolvedOptions): string[] {
  const own = password === null ? [] : [password, `${username}:${password}`]
  return [...own, ...collectSecrets(options.config), ...collectSecrets(options.env)]
}

function assertDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
  throw startFailed(`\`directory\` ${path} is not a folder.`)
}
