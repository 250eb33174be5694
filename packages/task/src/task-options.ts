import type { ArtifactCollector, AskPolicy, AskRules } from '@turnstead/turn'
import { asksByRules, rejectAsks } from '@turnstead/turn'
import { type Clock, longestTimerMs, systemClock } from './clock.js'
import { type HostToolDoor, listenerOf } from './host-tools/door.js'
import { loopback } from './host-tools/loopback.js'
import { assertHostTools, type HostTools } from './host-tools/host-tool.js'
import { assertKnown, type Names } from './known-options.js'
import type { AgentSource, Connect } from './run/connection.js'
import type { RunSetup, TurnSettings } from './run/run-setup.js'
import type { TaskRows } from './run/task-rows.js'
import type { OpenCodeTaskInput } from './task-input.js'

/** Options of every run of the agent. */
export interface RunOptions {
  /**
   * Whose sessions these are, such as the id of the chat: `sessionId` continues only sessions that were begun under the same scope,
   * because the model, and whoever talks to it, could name any other. Kept in the session's metadata on the server. Default: only
   * sessions of this tool object. With `rows`, `rows.find` decides instead.
   */
  readonly scope?: string
  /** Makes runs durable. Default: they are kept in memory, and end with the process. */
  readonly rows?: TaskRows
  /**
   * No one but this chat works in the client's directory. Then outputs tell what changes there: files that commands write, diagnostics,
   * terminals; of a directory that others use they would show their work. Default: false.
   */
  readonly isDirectoryOwn?: boolean
  /** Who answers permissions and questions: a policy, rules as data, or `waitForPerson` and {@link answerTask}. Default: all are rejected. */
  readonly asks?: AskPolicy | AskRules
  /**
   * Functions of the host that the agent may call: over an address on this machine that only the server is told, and only while a session of
   * this `scope` makes the call, so a `scope` has to be given. Sub-agents have none of them.
   */
  readonly hostTools?: HostTools
  /**
   * Where the server reaches them, the same for the process that takes the place of this one: then no call is lost between the two. Default:
   * an address of this process alone, whose calls fail when it dies.
   */
  readonly hostToolDoor?: HostToolDoor
  /** Takes the files of a run, and says whether its `outputFile` is one of them; `MessageArtifacts` of `@turnstead/artifacts`. */
  readonly artifacts?: ArtifactCollector
  /** Settings of the turns: model, budgets, timing, session, error handler. */
  readonly turn?: TurnSettings
  /** Shortest time between two preliminary outputs, in milliseconds. Default 500. */
  readonly intervalMs?: number
  /** About how many characters of the conversation's end a preliminary output shows. Default 8,000. */
  readonly previewCharacters?: number
  /** Gives up the runs of this process without stopping their agents, as a shutdown does: calls reject with `handed_off`. Only with `rows`. */
  readonly signal?: AbortSignal
  /** Default: the clock of the machine. */
  readonly clock?: Clock
}

/** Options of {@link opencodeTask}. */
export type OpenCodeTaskOptions = AgentSource & ToolOptions & RunOptions

/** What is about the tool itself. */
export interface ToolOptions {
  /** For the outer model, when to use the tool. */
  readonly description?: string
  /**
   * A person has to approve the whole call first, by the AI SDK's own approval; from version 6 of it on. `(input) => …` decides for each call.
   */
  readonly needsApproval?: boolean | ((input: OpenCodeTaskInput) => boolean | Promise<boolean>)
}

const turnNames: Names<TurnSettings> = {
  server: true,
  owner: true,
  ids: true,
  traceContext: true,
  promptDefaults: true,
  session: true,
  timing: true,
  recovery: true,
  budgets: true,
  onError: true,
}

/** Of every run. */
export const runNames: Names<RunOptions> = {
  scope: true,
  rows: true,
  isDirectoryOwn: true,
  asks: true,
  hostTools: true,
  hostToolDoor: true,
  artifacts: true,
  turn: true,
  intervalMs: true,
  previewCharacters: true,
  signal: true,
  clock: true,
}

/** Of the tool. */
export const taskNames: Names<RunOptions & ToolOptions> & Readonly<Record<string, true>> = {
  ...runNames,
  description: true,
  needsApproval: true,
  client: true,
  server: true,
  directory: true,
}

/** @throws TypeError for what JavaScript may give in the place of the options' types, and for what would be left out in silence. */
function assertRunOptions({ artifacts, isDirectoryOwn, rows, scope, signal }: RunOptions): void {
  if (scope !== undefined && (typeof scope !== 'string' || scope === '')) {
    throw new TypeError('`scope` must be a text that is not empty')
  }
  if (isDirectoryOwn !== undefined && typeof isDirectoryOwn !== 'boolean') {
    throw new TypeError('`isDirectoryOwn` must be true or false')
  }
  if (artifacts !== undefined && typeof artifacts?.collect !== 'function') {
    throw new TypeError('`artifacts` has no `collect`; `createMessageArtifacts` makes one that has')
  }
  if (rows !== undefined) {
    assertKnown('`rows`', rows, rowsNames)
    if (typeof rows.find !== 'function') throw new TypeError('`rows` has no `find`')
    if (typeof rows.store?.claim !== 'function') {
      throw new TypeError('`rows` has no `store`, as `createSessionStore` makes it')
    }
  } else if (signal !== undefined) {
    throw new TypeError(
      '`signal` hands runs over to another process, which needs `rows`; `abortSignal` of the AI SDK stops a call',
    )
  }
}

const rowsNames: Names<TaskRows> = { store: true, find: true, notifier: true }

/** @throws RangeError for numbers that make no sense, TypeError for wrong rules. */
export function resolveRunOptions(
  connect: Connect,
  options: RunOptions,
  ownScope?: string,
): RunSetup {
  const { intervalMs = 500, previewCharacters = 8_000, asks = rejectAsks } = options
  assertKnown('`turn`', options.turn ?? {}, turnNames)
  assertRunOptions(options)
  if (!(typeof intervalMs === 'number' && intervalMs >= 1 && intervalMs <= longestTimerMs)) {
    throw new RangeError(`\`intervalMs\` must be from 1 to ${longestTimerMs}`)
  }
  if (!(Number.isFinite(previewCharacters) && previewCharacters >= 1_000)) {
    throw new RangeError('`previewCharacters` must be a number of at least 1,000')
  }
  const { hostTools = {}, scope = ownScope } = options
  assertHostTools(hostTools)
  if (scope === undefined && Object.keys(hostTools).length > 0) {
    throw new TypeError('`hostTools` need a `scope`: it says whose agents may call them')
  }
  return {
    connect,
    scope: scope ?? `tool-${globalThis.crypto.randomUUID()}`,
    answerScope: options.scope ?? '',
    rows: options.rows ?? null,
    isDirectoryOwn: options.isDirectoryOwn ?? false,
    hostTools,
    hostToolListener:
      options.hostToolDoor === undefined ? loopback : listenerOf(options.hostToolDoor),
    asks: typeof asks === 'function' ? asks : asksByRules(asks),
    artifacts: options.artifacts ?? null,
    turn: options.turn ?? {},
    intervalMs,
    previewCharacters,
    clock: options.clock ?? systemClock,
    signal: options.signal,
  }
}
