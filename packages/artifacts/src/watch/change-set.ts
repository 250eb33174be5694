/** What became of a file. */
export type ChangeKind = 'added' | 'changed' | 'removed'

/** A file that is not as it was. A file that moved was removed in one place and added in the other. */
export interface FileChange {
  /** Below the workspace, with `/` between its names. Chosen by the agent: escape it like any text. */
  readonly path: string
  readonly kind: ChangeKind
}

/** What changed since the batch before: of each file at most one change. */
export interface ChangeBatch {
  readonly changes: readonly FileChange[]
  /** More changed than is listed, or may have: what you hold of the workspace must be read again. */
  readonly truncated: boolean
}

/** Changes on their way to one reader. */
export interface ChangeSet {
  readonly add: (batch: ChangeBatch) => void
  /** Everything so far, which is then forgotten; `null` when there is nothing. */
  readonly take: () => ChangeBatch | null
}

/** Holds at most so many changes; beyond them it only knows that there were more. */
export function createChangeSet(maxChanges: number): ChangeSet {
  let kinds = new Map<string, ChangeKind>()
  let isOver = false
  let truncated = false
  return {
    add: (batch) => {
      truncated ||= batch.truncated
      for (const { path, kind } of batch.changes) {
        if (isOver) return
        const merged = merge(kinds.get(path), kind)
        if (merged === null) kinds.delete(path)
        else kinds.set(path, merged)
        if (kinds.size > maxChanges) {
          kinds.clear()
          isOver = true
          truncated = true
        }
      }
    },
    take: () => {
      if (kinds.size === 0 && !truncated) return null
      const changes = [...kinds].map(([path, kind]) => ({ path, kind }))
      const batch = { changes, truncated }
      kinds = new Map()
      isOver = false
      truncated = false
      return batch
    },
  }
}

/** Two changes of one file as one; `null` for a file that came and went. */
function merge(before: ChangeKind | undefined, after: ChangeKind): ChangeKind | null {
  if (before === undefined) return after
  if (after === 'removed') return before === 'added' ? null : 'removed'
  // The server says that a file was edited before it says that it is new.
  if (after === 'added') return before === 'removed' ? 'changed' : 'added'
  return before === 'removed' ? 'changed' : before
}
