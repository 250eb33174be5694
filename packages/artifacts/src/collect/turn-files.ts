import { toLogicalPath } from '../directory/agent-path.js'
import { Drop, type DropReason } from '../directory/drop-reason.js'
import { toFileChanges, toToolRecord, type FileChange, type ToolRecord } from './tool-record.js'

/** A file that exists after the turn as far as the tool calls tell. */
export interface TurnFile {
  /** Path below the agent's directory, exactly. */
  readonly path: string
  /** The call that changed it last. */
  readonly record: ToolRecord
  /** Its whole content, when the last change was a `write`. */
  readonly content: string | null
  /** Set when only a name says that it is the turn's: then it must have been changed since this moment. */
  readonly since?: number
}

/** In the place of a call, for files that none names. */
export const unnamed: ToolRecord = { tool: 'unknown', status: 'completed' }

/** A change that names no file of ours. */
export interface LostChange {
  /** Path as the call gave it, when it gave one. */
  readonly path: string | null
  readonly record: ToolRecord
  readonly reason: DropReason
}

/** What is left of a turn's changes when they are played one after the other. */
export interface TurnFiles {
  /** In the order in which they first appeared, so that a limit always keeps the same ones. */
  readonly files: readonly TurnFile[]
  readonly lost: readonly LostChange[]
}

/** Plays the changes of a turn: the last one wins, and what was deleted or moved away is gone. */
export function toTurnFiles(tools: readonly unknown[], directories: readonly string[]): TurnFiles {
  const files = new Map<string, TurnFile>()
  const lost: LostChange[] = []
  for (const value of tools) {
    const record = toToolRecord(value)
    if (record === null) continue
    for (const change of toFileChanges(record)) {
      try {
        apply(files, change, record, directories)
      } catch (error) {
        if (!(error instanceof Drop)) throw error
        const path = change.kind === 'unknown' ? null : change.path
        lost.push({ path, record, reason: error.reason })
      }
    }
  }
  return { files: [...files.values()], lost }
}

function apply(
  files: Map<string, TurnFile>,
  change: FileChange,
  record: ToolRecord,
  directories: readonly string[],
): void {
  if (change.kind === 'unknown') throw new Drop('unknown_path')
  const path = toLogicalPath(change.path, directories)
  if (change.kind === 'removed') files.delete(path)
  else files.set(path, { path, record, content: change.content })
}
