import { basename, isAbsolute, resolve } from 'node:path'

import { limitTime, untilAbort, type TimeLimit } from '../abort.js'
import { findAgentDirectory } from '../directory/agent-directory.js'
import { givingUp, type RemoteReader } from './agent-file.js'
import type { Artifact } from '../catalog/artifact.js'
import type { ArtifactCatalog } from '../catalog/catalog.js'
import { createCatalogIndex } from '../catalog/catalog-index.js'
import { createStoreIndex, type SweepOptions, type SweepReport } from '../catalog/file-index.js'
import { systemClock, type Clock } from '../clock.js'
import { checkLimits, type CollectLimits } from './limits.js'
import { collectFile, type CollectContext } from './collect-file.js'
import { Drop, type DropReason } from '../directory/drop-reason.js'
import { foldFileName, toShownPath } from '../file-name.js'
import { toKeySegment } from '../store/key.js'
import type { ArtifactStore, StoreCallOptions } from '../store/store.js'
import type { ToolRecord } from './tool-record.js'
import { traceCollect } from './trace-collect.js'
import { toTurnFiles, type TurnFile } from './turn-files.js'

/** Options of {@link createMessageArtifacts}. */
export interface MessageArtifactsOptions {
  /** Where the files go. */
  readonly store: ArtifactStore
  /**
   * Where it is kept which files there are, such as `createArtifactCatalog` of `@turnstead/session/catalog`. Default: nowhere but
   * in the store, which then is asked for the files of a turn by the beginning of their keys.
   */
  readonly catalog?: ArtifactCatalog | undefined
  /** The agent's directory on this machine, when its disk is shared. Its own last part may not be a link. */
  readonly directory?: string | undefined
  /** The same directory as the OpenCode server names it; needed without `directory`. Default: `directory`. */
  readonly agentDirectory?: string | undefined
  /** Reads files over the server when the disk is not shared, or does not show them. */
  readonly reader?: RemoteReader | undefined
  /** Bounds of one `collect`. */
  readonly limits?: CollectLimits | undefined
  /** File names that only the host may use, in any folder and any spelling. Default: none. */
  readonly reservedNames?: readonly string[] | undefined
  /** Times the reads of `reader`. Default: the machine's clock. */
  readonly clock?: Clock | undefined
}

/** Options of {@link MessageArtifacts.collect}. */
export interface CollectOptions extends StoreCallOptions {
  /** The host's row of the turn that the files belong to. */
  readonly turnId: string | number | bigint
  /** The host's conversation; noted with every file. */
  readonly conversationId?: string | number | bigint | null | undefined
  /**
   * The turn's tool calls, oldest first, sub-agents' included: {@link ToolRecord}s, such as
   * `reply.result().tools`. They need not be trusted; what is no tool call is ignored.
   */
  readonly tools: readonly unknown[]
  /**
   * When the turn ended, in milliseconds since the Unix epoch, for a collection that comes later, as by a job that runs
   * again: a later turn may have changed the files since. A file that was changed after it is taken from the tool call if
   * that holds it, else dropped as `changed_later`. A `reader` that does not tell `modifiedAt` cannot be believed then. By
   * the clock of the machine with the files. Default: the files are as the turn left them.
   */
  readonly settledAt?: number | undefined
}

/** A file of the turn that was not kept. */
export interface DroppedArtifact {
  /**
   * Path for showing, invisible characters removed; of an absolute one, which leads out of the directory, only its last
   * part. `null` when the call names none.
   */
  readonly path: string | null
  /** Why. */
  readonly reason: DropReason
  /** The tool that changed it last. */
  readonly tool: string
  /** Whether collecting again may keep it. */
  readonly retryable: boolean
  /** What went wrong underneath, when something did. */
  readonly cause?: unknown
}

/** What became of a turn's files. */
export interface CollectReport {
  /** Every file that is in the store now, whether this call put it there or an earlier one. */
  readonly kept: readonly Artifact[]
  /** Every other one, with its reason. */
  readonly dropped: readonly DroppedArtifact[]
}

/** The files of turns. */
export interface MessageArtifacts {
  /**
   * Stores what the agent wrote in a turn. One file's trouble is its own: it is in `dropped`, and the others
   * go on. Again, or in several processes at once, it stores the same bytes once. It ends within `limits.collectMs`.
   * Rejects only on abort.
   */
  collect(options: CollectOptions): Promise<CollectReport>
  /** The files of a turn, by path, then by age. */
  list(turnId: string | number | bigint, options?: StoreCallOptions): AsyncIterable<Artifact>
  /** The files of a whole conversation, the oldest first. Needs a `catalog`, else it fails with `unsupported`. */
  listConversation(
    conversationId: string | number | bigint,
    options?: StoreCallOptions,
  ): AsyncIterable<Artifact>
  /** One file of this turn by its id; `null` when the turn has none such. */
  find(
    turnId: string | number | bigint,
    artifactId: string,
    options?: StoreCallOptions,
  ): Promise<Artifact | null>
  /** Removes the files of a turn; returns how many. With a `catalog` they are gone at once, and their bytes go with the next `sweep`. */
  removeAll(turnId: string | number | bigint, options?: StoreCallOptions): Promise<number>
  /** The same for a whole conversation. Needs a `catalog`, else it fails with `unsupported`. */
  removeConversation(
    conversationId: string | number | bigint,
    options?: StoreCallOptions,
  ): Promise<number>
  /**
   * Removes bytes that no row refers to, whatever was killed where, without going through the store. Run it now and then, in any
   * process. Needs a `catalog`, else it fails with `unsupported`.
   */
  sweep(options?: SweepOptions): Promise<SweepReport>
}

/** A server that lets so many files time out gets no more requests in this call: they would add up to hours. */
const maxTimeouts = 2

/** Files that are gone or refused cost time, too, so tries are bounded, not only what is kept. */
const triesPerFile = 5

const retryableReasons: ReadonlySet<DropReason> = new Set([
  'out_of_time',
  'changing',
  'replaced',
  'unreachable',
  'store_failed',
])

/**
 * Keeps what an agent writes, turn by turn, in a store.
 *
 * @throws TypeError or RangeError for options that cannot be meant.
 * @example
 * const artifacts = createMessageArtifacts({ store, directory: '/srv/agents/7' })
 * const { kept, dropped } = await artifacts.collect({ turnId: 42, tools: reply.result().tools })
 */
export function createMessageArtifacts(options: MessageArtifactsOptions): MessageArtifacts {
  const { store, reader } = options
  const directory = options.directory === undefined ? undefined : resolve(options.directory)
  const limits = checkLimits(options.limits ?? {})
  if (directory === undefined && options.agentDirectory === undefined) {
    throw new TypeError('Give `directory`, or `agentDirectory` when there is no shared disk.')
  }
  const reserved = new Set((options.reservedNames ?? []).map(foldFileName))
  const clock = options.clock ?? systemClock

  const index =
    options.catalog === undefined
      ? createStoreIndex(store)
      : createCatalogIndex({
          store,
          catalog: options.catalog,
          now: () => clock.now(),
          leastAgeMs: limits.collectMs,
        })

  async function collect(call: CollectOptions): Promise<CollectReport> {
    const { turnId, conversationId = null, tools, signal, settledAt = null } = call
    toKeySegment(turnId)
    checkMoment(settledAt)
    signal?.throwIfAborted()
    const limit = limitTime(clock, {
      ms: limits.collectMs,
      signal,
      what: 'The files were not stored',
    })
    const context: CollectContext = {
      store,
      announce: (key) => index.announce(key),
      directory,
      reader: reader === undefined ? undefined : givingUp(reader, maxTimeouts),
      turnId,
      conversationId,
      limits: {
        maxBytes: limits.maxFileBytes,
        timeoutMs: limits.readTimeoutMs,
        clock,
        signal: limit.signal,
        settledAt,
      },
    }
    try {
      const names = await namesOf(directory, options.agentDirectory, limit.signal)
      const { files, lost } = toTurnFiles(tools, names)
      const dropped = lost.map(({ path, record, reason }) => toDropped(path, record, reason))
      const kept: Artifact[] = []
      let tries = 0
      for (const file of files) {
        try {
          signal?.throwIfAborted()
          refuseName(file, reserved)
          const isFull = kept.length >= limits.maxFiles || tries >= limits.maxFiles * triesPerFile
          if (isFull) throw new Drop('too_many_files')
          tries += 1
          // A store or a disk that does not heed the signal must not hold the caller.
          kept.push(await untilAbort(limit.signal, () => collectFile(context, file)))
        } catch (error) {
          signal?.throwIfAborted()
          dropped.push(toFailed(file, error, limit))
        }
      }
      return await record(kept, dropped, signal)
    } finally {
      limit.end()
    }
  }

  /** Files whose rows could not be written are not kept: nobody would find them. */
  async function record(
    kept: readonly Artifact[],
    dropped: readonly DroppedArtifact[],
    signal: AbortSignal | undefined,
  ): Promise<CollectReport> {
    if (kept.length === 0) return { kept, dropped }
    try {
      await untilAbort(signal, () => index.record(kept))
      return { kept, dropped }
    } catch (error) {
      signal?.throwIfAborted()
      const reason = 'store_failed'
      const lost = kept.map(({ path, provenance: { tool } }) => ({
        ...{ path, reason, tool, retryable: true, cause: error },
      })) satisfies DroppedArtifact[]
      return { kept: [], dropped: [...dropped, ...lost] }
    }
  }

  return {
    collect: (call) => traceCollect(call, () => collect(call)),
    list: (turnId, callOptions = {}) => index.list(turnId, callOptions),
    listConversation: (conversationId, callOptions = {}) =>
      index.listConversation(conversationId, callOptions),
    find: (turnId, artifactId, callOptions = {}) => index.find(turnId, artifactId, callOptions),
    removeAll: (turnId, callOptions = {}) => index.removeTurn(turnId, callOptions),
    removeConversation: (conversationId, callOptions = {}) =>
      index.removeConversation(conversationId, callOptions),
    sweep: (sweepOptions = {}) => index.sweep(sweepOptions),
  }
}

/** The directory goes by several names: the server's, the host's, and the one without links. */
async function namesOf(
  directory: string | undefined,
  agentDirectory: string | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const found = await untilAbort(signal, () => findAgentDirectory(directory)).catch(() => null)
  const names = [agentDirectory, directory, found?.state === 'present' ? found.root : undefined]
  return names.filter((name) => name !== undefined)
}

/** Names that the host renders itself; an agent's file of that name would pass for the host's. */
function refuseName(file: TurnFile, reserved: ReadonlySet<string>): void {
  const name = file.path.split('/').at(-1) ?? file.path
  if (reserved.has(foldFileName(name))) throw new Drop('reserved_name')
}

function toFailed({ path, record }: TurnFile, error: unknown, limit: TimeLimit): DroppedArtifact {
  if (error instanceof Drop) return toDropped(path, record, error.reason, error.cause)
  return toDropped(path, record, limit.isOver() ? 'out_of_time' : 'store_failed', error)
}

function toDropped(
  path: string | null,
  record: ToolRecord,
  reason: DropReason,
  cause?: unknown,
): DroppedArtifact {
  return {
    path: path === null ? null : toShownPath(isAbsolute(path) ? basename(path) : path),
    reason,
    tool: record.tool,
    retryable: retryableReasons.has(reason),
    ...(cause === undefined ? {} : { cause }),
  }
}

function checkMoment(settledAt: number | null): void {
  if (settledAt === null || Number.isFinite(settledAt)) return
  throw new RangeError('`settledAt` must be a time in milliseconds since the Unix epoch.')
}
