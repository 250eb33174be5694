import { systemClock, type Clock } from '../clock.js'
import { checkScan, type ScanOptions } from '../directory/scan-options.js'
import { assertKnown, type Names } from '../known-options.js'

/**
 * Where the server's events come from; `client.events` of `@turnstead/wire` is one. An item of type `gap` says that events may be
 * missing. The loop may end or throw: it is begun again.
 */
export interface EventSource {
  subscribe(options: { signal: AbortSignal }): AsyncIterable<{
    readonly type: string
    readonly properties?: unknown
  }> & {
    /** Settles when events arrive from now on. */
    readonly ready?: Promise<unknown>
  }
}

/** Options of {@link createWorkspaceWatch}. */
export interface WatchOptions {
  /** The workspace on this machine, which then says what changed. Left out for one elsewhere: there the server's events do. */
  readonly directory?: string | undefined
  /** The same directory as the OpenCode server names it. Default: `directory`. */
  readonly agentDirectory?: string | undefined
  /** The server's events for that directory. Needed where there is no `directory`; beside one they make changes known sooner on disks that tell nothing. */
  readonly events?: EventSource | undefined
  /** What is passed over, by its path below the workspace, as for `scan` of `collect`. `.git` always is. */
  readonly ignore?: ScanOptions['ignore']
  /** Most files and folders that are known. Default: 20,000. What is beyond makes every full look `truncated`. */
  readonly maxEntries?: number | undefined
  /** Deepest folder to look into; 0 is the workspace itself. Default: 16. */
  readonly maxDepth?: number | undefined
  /** Most folders that the system is asked to tell of; with more, all of them are looked at every `pollMs`. Default: 2,000. */
  readonly maxWatchedFolders?: number | undefined
  /** Most changes that wait for one reader. Default: 1,000. */
  readonly maxChanges?: number | undefined
  /** How long changes are gathered before they are told, in milliseconds. Default: 100. */
  readonly coalesceMs?: number | undefined
  /** Time between full looks where the system does not tell of changes, in milliseconds. Default: 2,000. */
  readonly pollMs?: number | undefined
  /** Time between full looks where it does, in milliseconds; they find what it kept to itself. Default: 30,000. */
  readonly rescanMs?: number | undefined
  /** Called with what went wrong, such as a lost event stream or a folder that cannot be watched; the watch goes on. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Where its time comes from. Default: the machine's clock. */
  readonly clock?: Clock | undefined
}

/** {@link WatchOptions}, checked. */
export interface WatchSetup {
  readonly directory: string | null
  /** Names of the workspace that paths of events begin with. */
  readonly directories: readonly string[]
  readonly events: EventSource | null
  readonly ignore: (path: string) => boolean
  readonly maxEntries: number
  readonly maxDepth: number
  readonly maxWatchedFolders: number
  readonly maxChanges: number
  readonly coalesceMs: number
  readonly pollMs: number
  readonly rescanMs: number
  readonly report: (error: unknown) => void
  readonly clock: Clock
}

const names: Names<WatchOptions> = {
  directory: true,
  agentDirectory: true,
  events: true,
  ignore: true,
  maxEntries: true,
  maxDepth: true,
  maxWatchedFolders: true,
  maxChanges: true,
  coalesceMs: true,
  pollMs: true,
  rescanMs: true,
  onError: true,
  clock: true,
}

export function checkWatch(options: WatchOptions): WatchSetup {
  assertKnown('`createWorkspaceWatch`', options, names)
  const { directory, agentDirectory = directory, events, onError, clock = systemClock } = options
  if (agentDirectory === undefined || (directory === undefined && events === undefined)) {
    throw new TypeError('A watch needs `directory`, or `agentDirectory` and `events`.')
  }
  const scan = checkScan({
    ignore: options.ignore,
    maxEntries: options.maxEntries,
    maxDepth: options.maxDepth,
  })
  if (scan === null) throw new TypeError('A watch cannot do without looking.')
  const { maxWatchedFolders = 2000, maxChanges = 1000 } = options
  const { coalesceMs = 100, pollMs = 2000, rescanMs = 30_000 } = options
  for (const [name, value] of Object.entries({ maxChanges, coalesceMs, pollMs, rescanMs })) {
    if (!(value > 0)) throw new RangeError(`\`${name}\` must be a number above 0.`)
  }
  if (!(maxWatchedFolders >= 0)) {
    throw new RangeError('`maxWatchedFolders` must be a number, 0 or more.')
  }
  return {
    directory: directory ?? null,
    directories: [...new Set([agentDirectory, directory ?? agentDirectory])],
    events: events ?? null,
    ignore: scan.ignore,
    maxEntries: scan.maxEntries,
    maxDepth: scan.maxDepth,
    ...{ maxWatchedFolders, maxChanges, coalesceMs, pollMs, rescanMs, clock },
    report: (error) => {
      try {
        onError?.(error)
      } catch {
        // A host's reporter that fails has nobody left to tell.
      }
    },
  }
}
