import { untilAbort } from '../abort.js'
import type { Clock } from '../clock.js'
import type { AgentDirectory } from '../directory/agent-directory.js'
import { toLogicalPath } from '../directory/agent-path.js'
import { Drop } from '../directory/drop-reason.js'
import { nodeFileSystem } from '../directory/file-system.js'
import { defaultSlackMs, isPassedOver, type ScanLimits } from '../directory/scan-options.js'
import { scanDirectory } from '../directory/scan.js'
import { toDropped, type DroppedArtifact } from './report.js'
import { toTurnFiles, unnamed, type TurnFile } from './turn-files.js'

/** Where to look for a turn's files. */
export interface FindRequest {
  readonly tools: readonly unknown[]
  readonly changes: readonly string[]
  readonly outputFile: string | null
  readonly startedAt: number | null
  readonly settledAt: number | null
  readonly directory: AgentDirectory | null
  /** Names of that directory, absolute. */
  readonly names: readonly string[]
  /** Null: only what is named. */
  readonly scan: ScanLimits | null
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** What may be kept, in the order of trying. */
export interface FoundFiles {
  readonly files: readonly TurnFile[]
  readonly dropped: readonly DroppedArtifact[]
  /** Path of the result file below the directory; null when it is none, or a Drop that says why. */
  readonly output: string | Drop | null
}

/** The files of the turn: the result, what tool calls name, what the server saw change, what the disk shows to have changed. */
export async function findFiles(request: FindRequest): Promise<FoundFiles> {
  const { tools, names, scan, startedAt } = request
  const { files: named, lost } = toTurnFiles(tools, names)
  const dropped = lost.map(({ path, record: { tool }, reason }) =>
    toDropped({ path, tool }, reason),
  )
  const files = new Map(named.map((file) => [file.path, file]))
  const add = (path: string, more: Partial<TurnFile> = {}): void => {
    if (!files.has(path)) files.set(path, { path, record: unnamed, content: null, ...more })
  }
  if (scan !== null) {
    try {
      for (const path of changedPaths(request, dropped)) if (!isPassedOver(path, scan)) add(path)
      for (const path of await scannedPaths(request, scan, dropped)) add(path)
    } catch (error) {
      // Out of time, or the host's own rule failed: what is named is still to be kept.
      dropped.push(toDropped({ path: null, tool: unnamed.tool }, 'not_scanned', error))
    }
  }
  const output = toOutput(request)
  if (typeof output === 'string') {
    const slackMs = scan?.slackMs ?? defaultSlackMs
    if (startedAt !== null) add(output, { since: startedAt - slackMs })
    const first = files.get(output)
    if (first !== undefined)
      return { files: [...new Set([first, ...files.values()])], dropped, output }
  }
  return { files: [...files.values()], dropped, output }
}

function changedPaths({ changes, names }: FindRequest, dropped: DroppedArtifact[]): string[] {
  return changes.flatMap((path) => {
    try {
      return [toLogicalPath(path, names)]
    } catch (error) {
      if (!(error instanceof Drop)) throw error
      dropped.push(toDropped({ path, tool: unnamed.tool }, error.reason))
      return []
    }
  })
}

async function scannedPaths(
  request: FindRequest,
  limits: ScanLimits,
  dropped: DroppedArtifact[],
): Promise<readonly string[]> {
  const { directory, startedAt, settledAt: until, clock, signal } = request
  if (directory?.state !== 'present' || startedAt === null) return []
  const { paths, unscanned } = await untilAbort(signal, () =>
    scanDirectory({
      fileSystem: nodeFileSystem,
      root: directory.root,
      since: startedAt - limits.slackMs,
      ...{ until, limits, clock, signal },
    }),
  )
  for (const { path, reason } of unscanned) {
    dropped.push(toDropped({ path, tool: unnamed.tool }, reason))
  }
  return paths
}

function toOutput({ outputFile, names }: FindRequest): string | Drop | null {
  if (outputFile === null) return null
  try {
    return toLogicalPath(outputFile, names)
  } catch (error) {
    if (error instanceof Drop) return error
    throw error
  }
}
