import { resolve } from 'node:path'

import { limitTime, untilAbort } from '../abort.js'
import { findAgentDirectory, type AgentDirectory } from '../directory/agent-directory.js'
import { checkScan, type ScanOptions } from '../directory/scan-options.js'
import { givingUp, type RemoteReader } from './agent-file.js'
import type { Artifact } from '../catalog/artifact.js'
import type { ArtifactCatalog } from '../catalog/catalog.js'
import { createCatalogIndex } from '../catalog/catalog-index.js'
import { createStoreIndex, type SweepOptions, type SweepReport } from '../catalog/file-index.js'
import { systemClock, type Clock } from '../clock.js'
import { assertKnown, type Names } from '../known-options.js'
import { checkIdLengths, checkMoment, type CollectOptions } from './collect-options.js'
import { collectTurn } from './collect-turn.js'
import { findFiles } from './find-files.js'
import { checkLimits, rowsMs, type CollectLimits } from './limits.js'
import { createOwnedNames } from './owned-names.js'
import type { CollectReport } from './report.js'
import { toKeySegment } from '../store/key.js'
import type { ArtifactStore, StoreCallOptions } from '../store/store.js'
import { firstStart } from './tool-record.js'
import { traceCollect } from './trace-collect.js'
import type { Transform } from '../transforms/transform.js'

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
  /**
   * Also keep files that no tool call names, such as a shell's: those that `changes` of `collect` names, and those that the disk shows to
   * have changed since `startedAt`. Only for a directory that a conversation has to itself: whatever works there at the same time
   * has its files kept, too. Default: false.
   */
  readonly scan?: boolean | ScanOptions | undefined
  /** Make files of the host's of the agent's; the first that takes a file makes one of it. Default: none. */
  readonly transforms?: readonly Transform[] | undefined
  /** Times the reads of `reader`. Default: the machine's clock. */
  readonly clock?: Clock | undefined
}

/** The files of turns. */
export interface MessageArtifacts {
  /**
   * Stores what the agent wrote in a turn. One file's trouble is its own: it is in `dropped`, and the others
   * go on. Again, or in several processes at once, it stores the same bytes once. It ends within `limits.collectMs`,
   * and 30 s later where the rows of a `catalog` take their time. Rejects only on abort.
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

const names: Names<MessageArtifactsOptions> = {
  store: true,
  catalog: true,
  directory: true,
  agentDirectory: true,
  reader: true,
  limits: true,
  reservedNames: true,
  scan: true,
  transforms: true,
  clock: true,
}

/** A server that lets so many files time out gets no more requests in this call: they would add up to hours. */
const maxTimeouts = 2

/**
 * Keeps what an agent writes, turn by turn, in a store.
 *
 * @throws TypeError or RangeError for options that cannot be meant.
 * @example
 * const artifacts = createMessageArtifacts({ store, directory: '/srv/agents/7' })
 * const { kept, dropped } = await artifacts.collect({ turnId: 42, tools: reply.result().tools })
 */
export function createMessageArtifacts(options: MessageArtifactsOptions): MessageArtifacts {
  assertKnown('`createMessageArtifacts`', options, names)
  const { store, reader } = options
  if (typeof Reflect.get(Object(store), 'put') !== 'function') {
    throw new TypeError('`store` is missing, such as `createDiskStore({ root })`.')
  }
  const directory = options.directory === undefined ? undefined : resolve(options.directory)
  const limits = checkLimits(options.limits ?? {})
  if (directory === undefined && options.agentDirectory === undefined) {
    throw new TypeError('Give `directory`, or `agentDirectory` when there is no shared disk.')
  }
  const scan = checkScan(options.scan ?? false)
  const transforms = options.transforms ?? []
  const owned = createOwnedNames(options.reservedNames ?? [], transforms)
  const clock = options.clock ?? systemClock

  const index =
    options.catalog === undefined
      ? createStoreIndex(store)
      : createCatalogIndex({
          store,
          catalog: options.catalog,
          now: () => clock.now(),
          leastAgeMs: limits.collectMs + rowsMs,
        })

  async function collect(call: CollectOptions): Promise<CollectReport> {
    const { turnId, conversationId = null, signal, settledAt = null } = call
    toKeySegment(turnId)
    if (!Array.isArray(call.tools)) {
      throw new TypeError('`tools` is missing, such as `reply.result().tools`.')
    }
    if (options.catalog !== undefined) checkIdLengths({ turnId, conversationId })
    const startedAt = call.startedAt ?? firstStart(call.tools)
    checkMoment('startedAt', startedAt)
    checkMoment('settledAt', settledAt)
    signal?.throwIfAborted()
    const limit = limitTime(clock, {
      ms: limits.collectMs,
      signal,
      what: 'The files were not stored',
    })
    try {
      const found = directory === undefined ? null : await findDirectory(directory, limit.signal)
      const files = await findFiles({
        tools: call.tools,
        changes: call.changes ?? [],
        outputFile: call.outputFile ?? null,
        names: namesOf(options.agentDirectory, directory, found),
        directory: found,
        ...{ startedAt, settledAt, scan, clock },
        signal: limit.signal,
      })
      signal?.throwIfAborted()
      const shared = { store, turnId, conversationId }
      return await collectTurn({
        context: {
          ...shared,
          announce: (key) => index.announce(key),
          directory,
          reader: reader === undefined ? undefined : givingUp(reader, maxTimeouts),
          unchanged: new Map((call.uploads ?? []).map(({ path, sha256 }) => [path, sha256])),
          limits: {
            maxBytes: limits.maxFileBytes,
            timeoutMs: limits.readTimeoutMs,
            ...{ clock, signal: limit.signal, settledAt, since: null },
          },
        },
        rendering: { ...shared, index, signal: limit.signal },
        ...{ found: files, owned, transforms, limits, limit, signal },
      })
    } finally {
      limit.end()
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

/** A disk that does not answer is one that is out of reach. */
async function findDirectory(
  directory: string,
  signal: AbortSignal,
): Promise<AgentDirectory | null> {
  return untilAbort(signal, () => findAgentDirectory(directory)).catch(() => null)
}

/** The directory goes by several names: the server's, the host's, and the one without links. */
function namesOf(
  agentDirectory: string | undefined,
  directory: string | undefined,
  found: AgentDirectory | null,
): string[] {
  const names = [agentDirectory, directory, found?.state === 'present' ? found.root : undefined]
  return names.filter((name) => name !== undefined)
}
