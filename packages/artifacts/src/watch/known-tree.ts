import type { FileChange } from './change-set.js'
import { lookAtFolder, type FolderContents } from './look.js'

/** What is known of a workspace, and how it is brought up to date. */
export interface KnownTree {
  /** Looks at a folder that is known, or at the nearest one above it; deep: at all that is in it, too. */
  readonly look: (path: string, how: LookHow) => Promise<Difference>
  /** Whether there is a workspace at all. */
  readonly isThere: () => boolean
}

export interface LookHow {
  readonly root: string
  readonly isDeep: boolean
  readonly signal: AbortSignal
}

/** What a look found. */
export interface Difference {
  readonly changes: readonly FileChange[]
  /** Whether something could not be looked at, within the bounds. */
  readonly isPartial: boolean
}

/** What a tree needs. */
export interface KnownTreeOptions {
  readonly ignore: (path: string) => boolean
  readonly maxEntries: number
  readonly maxDepth: number
  readonly onOpen: (path: string, place: string, identity: string) => void
  readonly onGone: (path: string) => void
  readonly report: (error: unknown) => void
}

export function createKnownTree(options: KnownTreeOptions): KnownTree {
  const { maxEntries, maxDepth, onOpen, onGone, report } = options
  const known = new Map<string, FolderContents>()
  let entries = 0

  function set(path: string, contents: FolderContents | null): void {
    const before = known.get(path)
    if (before !== undefined) entries -= before.files.size + before.folders.size
    if (contents === null) known.delete(path)
    else {
      entries += contents.files.size + contents.folders.size
      known.set(path, contents)
    }
  }

  /** A folder that went takes with it what was in it. */
  function forget(path: string, changes: FileChange[]): void {
    const before = known.get(path)
    set(path, null)
    onGone(path)
    for (const name of before?.files.keys() ?? []) {
      changes.push({ path: inner(path, name), kind: 'removed' })
    }
    for (const name of before?.folders.keys() ?? []) forget(inner(path, name), changes)
  }

  async function enter(path: string, how: LookHow, changes: FileChange[]): Promise<boolean> {
    const before = known.get(path)
    const own = before === undefined ? 0 : before.files.size + before.folders.size
    let now: FolderContents | null
    try {
      now = await lookAtFolder({
        ...{ root: how.root, path, signal: how.signal, ignore: options.ignore },
        maxEntries: Math.max(0, maxEntries - entries + own),
        onOpen: (place, identity) => onOpen(path, place, identity),
      })
    } catch (error) {
      how.signal.throwIfAborted()
      // The workspace itself is tried again later; one folder that cannot be read keeps what is known of it.
      if (path === '') throw error
      report(error)
      return false
    }
    if (now === null) {
      forget(path, changes)
      return true
    }
    set(path, now)
    compare(path, before, now, changes)
    for (const name of before?.folders.keys() ?? []) {
      // One that may only be beyond the bounds is forgotten in silence.
      if (!now.folders.has(name)) forget(inner(path, name), now.isWhole ? changes : [])
    }
    let isWhole = now.isWhole
    const depth = path === '' ? 0 : path.split('/').length
    for (const [name, identity] of now.folders) {
      const isSame = before?.folders.get(name) === identity && known.has(inner(path, name))
      if (isSame && !how.isDeep) continue
      if (depth >= maxDepth) isWhole = false
      else if (!(await enter(inner(path, name), how, changes))) isWhole = false
    }
    return isWhole
  }

  return {
    look: async (path, how) => {
      const changes: FileChange[] = []
      const isWhole = await enter(nearest(path, known), how, changes)
      return { changes, isPartial: !isWhole }
    },
    isThere: () => known.has(''),
  }
}

function compare(
  path: string,
  before: FolderContents | undefined,
  now: FolderContents,
  changes: FileChange[],
): void {
  for (const [name, stamp] of now.files) {
    const earlier = before?.files.get(name)
    if (earlier === undefined) changes.push({ path: inner(path, name), kind: 'added' })
    else if (earlier !== stamp) changes.push({ path: inner(path, name), kind: 'changed' })
  }
  if (!now.isWhole) return
  for (const name of before?.files.keys() ?? []) {
    if (!now.files.has(name)) changes.push({ path: inner(path, name), kind: 'removed' })
  }
}

function nearest(path: string, known: ReadonlyMap<string, unknown>): string {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    if (known.has(at)) return at
  }
  return ''
}

function inner(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`
}
