import { basename, isAbsolute } from 'node:path'

import type { TimeLimit } from '../abort.js'
import type { Artifact } from '../catalog/artifact.js'
import { Drop, type DropReason } from '../directory/drop-reason.js'
import { toShownPath } from '../file-name.js'

/** A file of the turn that was not kept. */
export interface DroppedArtifact {
  /**
   * Path for showing, invisible characters removed; of an absolute one, which leads out of the directory, only its last
   * part. `null` when the call names none.
   */
  readonly path: string | null
  /** Why. */
  readonly reason: DropReason
  /** The tool that changed it last; `unknown` when no call names it. */
  readonly tool: string
  /** Whether collecting again may keep it. */
  readonly retryable: boolean
  /** What went wrong underneath, when something did. */
  readonly cause?: unknown
}

/** The turn's result file: kept, or why it is not. */
export type OutputFile =
  | { readonly artifact: Artifact; readonly reason: null }
  | { readonly artifact: null; readonly reason: DropReason }

/** What became of a turn's files. */
export interface CollectReport {
  /** Every file that is in the store now, whether this call put it there or an earlier one; what transforms made comes last. */
  readonly kept: readonly Artifact[]
  /** Every other one, with its reason. */
  readonly dropped: readonly DroppedArtifact[]
  /** What became of the file that `outputFile` names; only when it names one. */
  readonly outputFile?: OutputFile
}

const retryableReasons: ReadonlySet<DropReason> = new Set([
  'out_of_time',
  'changing',
  'replaced',
  'unreachable',
  'store_failed',
])

/** What is known of a file that is dropped. */
export interface Lost {
  readonly path: string | null
  readonly tool: string
}

export function toDropped(
  { path, tool }: Lost,
  reason: DropReason,
  cause?: unknown,
): DroppedArtifact {
  return {
    path: path === null ? null : toShownPath(isAbsolute(path) ? basename(path) : path),
    reason,
    tool,
    retryable: retryableReasons.has(reason),
    ...(cause === undefined ? {} : { cause }),
  }
}

export function toFailed(lost: Lost, error: unknown, limit: TimeLimit): DroppedArtifact {
  if (error instanceof Drop) return toDropped(lost, error.reason, error.cause)
  return toDropped(lost, limit.isOver() ? 'out_of_time' : 'store_failed', error)
}

/** A {@link CollectReport} in short. */
export interface ReportSummary {
  /** How many files are kept. */
  readonly kept: number
  /** Their bytes, together. */
  readonly keptBytes: number
  /** Each file that is not. */
  readonly dropped: readonly Omit<DroppedArtifact, 'cause'>[]
}

/** A report as plain data, for a column of the turn's row: without causes, which may hold paths of the host. */
export function toReportSummary({ kept, dropped }: CollectReport): ReportSummary {
  return {
    kept: kept.length,
    keptBytes: kept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    dropped: dropped.map(({ path, reason, tool, retryable }) => ({
      path,
      reason,
      tool,
      retryable,
    })),
  }
}
