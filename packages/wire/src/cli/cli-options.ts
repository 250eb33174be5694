import { resolve } from 'node:path'
import type { ConfigObject } from '../providers/merge-config.js'
import type { Environment } from '../server/process/child-env.js'

/** What {@link startCli} and {@link runCli} take. */
export interface CliOptions {
  /** What to ask. It is sent over standard input: as an argument the tool would put it into quotes. */
  readonly prompt: string
  /** Path of the opencode executable. Default: `opencode` on PATH, else the npm package of this platform. */
  readonly binary?: string
  /** npm package that holds the executable, tried instead of PATH. */
  readonly package?: string
  /** Folder from which the npm package is resolved. Default: the current directory. */
  readonly resolveFrom?: string
  /** The agent's working directory; with `attach` a path on that server. Default: the current directory. */
  readonly directory?: string
  /** Server configuration, as in `opencode.json`; at most 100 KiB as JSON. Not used with `attach`. */
  readonly config?: ConfigObject
  /** More environment for the process, which the agent's shell can read. Undefined removes an inherited variable. */
  readonly env?: Environment
  /**
   * Folder for the database and settings, so that a later run can continue the session. One run or server at a
   * time, and never two containers. Default: a temporary folder that is removed at the end.
   */
  readonly dataDir?: string
  /** Ask a running server instead of working alone. Stopping the run then does not stop the server's work. */
  readonly attach?: {
    /** Base URL of the server. */
    readonly url: string
    /** User name. Default `opencode`. */
    readonly username?: string
    /** Password, when the server has one. */
    readonly password?: string
  }
  /** Continue this session. */
  readonly session?: string
  /** Continue the last session of the data folder. */
  readonly continueLast?: boolean
  /** Continue in a copy of that session. */
  readonly fork?: boolean
  /** Model as `provider/model`. Default: the configuration's. */
  readonly model?: string
  /** The model's variant, such as its reasoning effort. */
  readonly variant?: string
  /** Agent. The tool falls back to the default one when it does not exist. */
  readonly agent?: string
  /** Slash command to run, with the prompt as its arguments. */
  readonly command?: string
  /** Title of the session. Default: the beginning of the prompt. */
  readonly title?: string
  /** Files whose content goes with the prompt. */
  readonly files?: readonly string[]
  /** Print reasoning events too. Default false. */
  readonly reasoning?: boolean
  /** Approve everything that no rule denies. Without it the tool rejects whatever would have to be asked. */
  readonly approveAll?: boolean
  /** How long the process may take to end after SIGTERM before SIGKILL, in milliseconds. Default 2,000. */
  readonly stopGraceMs?: number
  /** Longest accepted line in characters. Default 16 Mi. */
  readonly maxLineLength?: number
  /** Aborting it stops the run. */
  readonly signal?: AbortSignal
}

/** The arguments of the tool; credentials and the prompt are not among them, because everybody can read those. */
export function cliArguments(options: CliOptions): string[] {
  const values = {
    session: options.session,
    model: options.model,
    variant: options.variant,
    agent: options.agent,
    command: options.command,
    title: options.title,
    attach: options.attach?.url,
    dir: options.attach === undefined ? undefined : options.directory,
  }
  const flags = {
    continue: options.continueLast,
    fork: options.fork,
    thinking: options.reasoning,
    auto: options.approveAll,
  }
  return [
    'run',
    '--format=json',
    ...Object.entries(values).flatMap(([name, value]) =>
      // One word each, so that a value beginning with a dash is never taken for an option.
      value === undefined ? [] : [`--${name}=${value}`],
    ),
    ...Object.entries(flags).flatMap(([name, isOn]) => (isOn === true ? [`--${name}`] : [])),
    ...(options.files ?? []).map((path) => `--file=${resolve(options.directory ?? '.', path)}`),
  ]
}
