import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { WireError } from '../errors.js'
import { dataFolders, inheritedEnv, mergeEnv } from '../server/process/child-env.js'
import { controlChild, spawnError } from '../server/process/child-control.js'
import { toConfigJson } from '../server/config-json.js'
import { openDataDir } from '../server/data-dir.js'
import { onProcessExit } from '../server/process/exit-hook.js'
import { findOpencode } from '../server/find-opencode.js'
import { LogTail } from '../server/process/log-tail.js'
import { markerName } from '../server/process/process-tree.js'
import { collectSecrets, createRedactor } from '../server/secrets.js'
import { recordServer } from '../server/server-record.js'
import { cliArguments, type CliOptions } from './cli-options.js'
import type { CliResult } from './cli-result.js'
import { RunningCli, type CliRun } from './cli-run.js'

const logTailLength = 65_536

/**
 * Starts `opencode run`.
 *
 * @throws WireError with code `server_unsupported` (Windows, no executable), `server_start_failed` (the data folder is in
 * use) or `cli_failed` (it cannot be run); the signal's reason when aborted. Nothing is left running then.
 */
export async function startCli(options: CliOptions): Promise<CliRun> {
  const { signal } = options
  signal?.throwIfAborted()
  if (options.prompt.trim() === '' && options.command === undefined) {
    throw new TypeError('`prompt` is empty; opencode run needs one, or a `command`')
  }
  const binary = findOpencode({ ...options, env: { ...process.env, ...options.env } }).path
  const configJson = options.config === undefined ? undefined : toConfigJson(options.config)
  const mark = randomBytes(16).toString('hex')
  const dataDir = await openDataDir(options.dataDir, mark)
  const unhook = onProcessExit(dataDir.release)
  const release = (): void => {
    unhook()
    dataDir.release()
  }
  try {
    signal?.throwIfAborted()
    return await launchCli(binary, options, { dataDir: dataDir.path, mark, configJson, release })
  } catch (error) {
    release()
    throw error
  }
}

async function launchCli(
  binary: string,
  options: CliOptions,
  parts: { dataDir: string; mark: string; configJson: string | undefined; release: () => void },
): Promise<CliRun> {
  const { dataDir, mark, configJson, release } = parts
  const redact = createRedactor(secretsOf(options))
  const log = new LogTail(logTailLength, redact)
  const env = { ...cliEnv(options, dataDir, configJson), [markerName]: mark }
  const child = spawnCli(binary, options, env)
  const { pid, stdin, stdout, stderr } = child
  if (pid === undefined) throw notRunnable(binary, await spawnError(child))
  const control = controlChild(child, pid, mark)
  try {
    recordServer(dataDir, mark, pid)
  } catch (error) {
    await control.stop({ graceMs: 0 })
    throw notRunnable(binary, error)
  }
  log.follow(stderr)
  // A process that ends early does not read its input; how it ended says more than this error.
  stdin.on('error', () => undefined)
  stdin.end(options.prompt)
  const { signal, stopGraceMs = 2000, maxLineLength = 16 * 1024 * 1024 } = options
  return new RunningCli({
    control,
    stdout,
    log,
    redact,
    stopGraceMs,
    maxLineLength,
    signal,
    release,
  })
}

/**
 * Runs `opencode run` to its end.
 *
 * @throws WireError with code `cli_failed` when it did not exit with 0 or reported an error, and all that {@link startCli} and `finished()` throw.
 *
 * @example
 * const { text } = await runCli({ prompt: 'Explain this project', directory })
 */
export async function runCli(options: CliOptions): Promise<CliResult> {
  const run = await startCli(options)
  const result = await run.finished()
  if (result.exitCode === 0 && result.error === null) return result
  throw new WireError('cli_failed', `opencode run ${endOf(result)}. ${reasonOf(result)}`)
}

function endOf({ exitCode, signal }: CliResult): string {
  return signal === null ? `ended with status ${exitCode}` : `was ended by ${signal}`
}

function reasonOf({ error, log }: CliResult): string {
  if (error !== null) return `${error.name}: ${error.message}`
  const printed = log.trim().replaceAll(/\s+/g, ' ').slice(-400)
  return printed === '' ? 'It said nothing.' : `It last printed: ${printed}`
}

type CliChild = ChildProcessByStdio<Writable, Readable, Readable>

function spawnCli(binary: string, options: CliOptions, env: Record<string, string>): CliChild {
  const cwd = options.attach === undefined ? resolve(options.directory ?? '.') : undefined
  try {
    return spawn(binary, cliArguments(options), {
      ...(cwd === undefined ? {} : { cwd }),
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
  } catch (error) {
    throw notRunnable(binary, error)
  }
}

function cliEnv(
  options: CliOptions,
  dataDir: string,
  configJson: string | undefined,
): Record<string, string> {
  return mergeEnv(
    inheritedEnv(process.env),
    dataFolders(dataDir),
    { OPENCODE_DISABLE_AUTOUPDATE: '1' },
    options.env ?? {},
    { OPENCODE_CONFIG_CONTENT: configJson },
    {
      OPENCODE_SERVER_USERNAME: options.attach?.username,
      OPENCODE_SERVER_PASSWORD: options.attach?.password,
    },
  )
}

function secretsOf({ config, env, attach }: CliOptions): string[] {
  return [...collectSecrets(config), ...collectSecrets(env), ...collectSecrets(attach)]
}

function notRunnable(binary: string, cause: unknown): WireError {
  return new WireError('cli_failed', `${binary} could not be run; check \`directory\`.`, {
    cause,
    delivered: 'no',
  })
}
