import { list, number, objectOf, string, strings } from './fields.js'
import type { Fields } from './fields.js'

/** How many entries of each kind are kept; what comes later is left out. */
const workspaceLimit = 200

/** Longest patch of a file that is kept, in characters. */
const patchLimit = 100_000

/**
 * What happened in the directory while the turn ran, as far as the stream reported; a hint, because these events name no
 * session: another turn in the same directory shows here too.
 *
 * At most 200 entries of each kind are kept, the first ones.
 */
export interface Workspace {
  /** Files that tools of the agent edited: absolute paths on the server's machine. */
  readonly edited: readonly string[]
  /** Files that changed on disk, whoever did it, each with what happened to it last. */
  readonly changed: readonly ChangedFile[]
  /** What the turn changed, file by file; only in a git repository, and mostly reported at the end. */
  readonly diffs: readonly FileDiff[]
  /** Files for which a language server gave diagnostics. */
  readonly diagnostics: readonly Diagnosed[]
  /** Terminals that were opened. */
  readonly processes: readonly Process[]
}

/** A file that changed on disk. */
export interface ChangedFile {
  /** An absolute path on the server's machine. */
  readonly path: string
  /** `add`, `change`, `unlink`, or what the server says. */
  readonly event: string
}

/** What a turn changed in one file. */
export interface FileDiff {
  /** Relative to the directory, as the server gives it; `null` when it does not. */
  readonly path: string | null
  /** `added`, `modified`, `deleted`, or what the server says. */
  readonly status: string | null
  readonly additions: number
  readonly deletions: number
  /** A unified diff; `null` when the server gave none, or one of more than 100,000 characters. */
  readonly patch: string | null
}

/** A file for which a language server gave diagnostics. */
export interface Diagnosed {
  readonly path: string
  readonly server: string
}

/** A terminal of the server. */
export interface Process {
  readonly id: string
  readonly command: string
  readonly args: readonly string[]
  readonly status: 'running' | 'exited'
  readonly exitCode: number | null
}

/** A directory in which nothing happened yet. */
export const emptyWorkspace: Workspace = Object.freeze({
  edited: Object.freeze([]),
  changed: Object.freeze([]),
  diffs: Object.freeze([]),
  diagnostics: Object.freeze([]),
  processes: Object.freeze([]),
})

/** Reads the server's list of diffs. */
function readDiffs(value: readonly unknown[]): readonly FileDiff[] {
  return Object.freeze(value.slice(0, workspaceLimit).map((item) => readDiff(objectOf(item))))
}

function readDiff(fields: Fields): FileDiff {
  const patch = string(fields, 'patch')
  return Object.freeze({
    path: string(fields, 'file') ?? string(fields, 'path'),
    status: string(fields, 'status'),
    additions: number(fields, 'additions') ?? 0,
    deletions: number(fields, 'deletions') ?? 0,
    patch: patch !== null && patch.length > patchLimit ? null : patch,
  })
}

/** Reads the server's description of a terminal; `null` when it is none. */
export function readProcess(fields: Fields): Process | null {
  const id = string(fields, 'id')
  if (id === null) return null
  return Object.freeze({
    id,
    command: string(fields, 'command') ?? '',
    args: strings(fields, 'args'),
    status: fields['status'] === 'exited' ? 'exited' : 'running',
    exitCode: number(fields, 'exitCode'),
  })
}

/** The list with an entry in the place of the one with the same key, or at its end while there is room. */
export function withEntry<Entry>(
  entries: readonly Entry[],
  entry: Entry,
  keyOf: (entry: Entry) => unknown,
): readonly Entry[] {
  const key = keyOf(entry)
  const index = entries.findIndex((each) => keyOf(each) === key)
  if (index >= 0) return Object.freeze(entries.with(index, entry))
  return entries.length < workspaceLimit ? Object.freeze([...entries, entry]) : entries
}

/** The diffs that a `summary` of a user message or a `session.diff` event holds; `null` when it holds none. */
export function diffsOf(fields: Fields, name: string): readonly FileDiff[] | null {
  const diffs = list(fields, name)
  return diffs.length === 0 ? null : readDiffs(diffs)
}
