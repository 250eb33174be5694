/**
 * `opencode run` as typed events with an exit status, for one-off jobs that need no server.
 *
 * ```ts
 * const result = await runCli({ prompt: 'Explain this project', directory: '/srv/project' })
 * console.log(result.completed, result.text)
 * ```
 */
export type {
  CliErrorEvent,
  CliEvent,
  CliStepFinishEvent,
  CliStepStartEvent,
  CliTextEvent,
  CliTokens,
  CliToolEvent,
  CliUnknownEvent,
} from './cli/cli-events.js'
export type { CliOptions } from './cli/cli-options.js'
export type { CliResult } from './cli/cli-result.js'
export type { CliRun } from './cli/cli-run.js'
export { runCli, startCli } from './cli/start-cli.js'
