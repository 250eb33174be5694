import type { Stats } from 'node:fs'
import { join } from 'node:path'

import { monotonic, type Clock } from '../clock.js'
import { errorCode, isMissing } from '../system-error.js'
import { canAnchor, checkDirectory, checkRoot, on, openChecked, openFlags } from './checked-open.js'
import { Drop, type DropReason } from './drop-reason.js'
import type { FileSystem } from './file-system.js'
import type { ScanLimits } from './scan-options.js'

/** What {@link scanDirectory} goes through. */
export interface ScanRequest {
  readonly fileSystem: FileSystem
  /** Real path of the agent's directory. */
  readonly root: string
  /** Only what changed at this moment or later, in milliseconds since the Unix epoch. */
  readonly since: number
  /** What was made after this moment is passed over; null for no such moment. */
  readonly until: number | null
  readonly limits: ScanLimits
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** A folder, or a name, that a scan could not look into. */
export interface Unscanned {
  /** Its path below the directory; null for the directory itself. */
  readonly path: string | null
  readonly reason: DropReason
}

/** What a scan found; whether a file may be read is decided when it is opened. */
export interface ScanResult {
  /** Paths below the directory: of each folder the names in order, then its folders. */
  readonly paths: readonly string[]
  readonly unscanned: readonly Unscanned[]
}

interface Folder {
  readonly path: string | null
  readonly at: (name: string) => string
  readonly depth: number
}

/** Looked at together; more would only queue. */
const batch = 16

/**
 * Finds what changed in a directory, by the time of the last change of each file's entry (`ctime`): whoever may write a file may
 * also set the time of its content, but not this one. Enters no link and no mount; on Linux each folder is reached
 * through the descriptor of the one above.
 */
export async function scanDirectory(request: ScanRequest): Promise<ScanResult> {
  const { fileSystem, root, limits, clock, signal } = request
  const flags = openFlags().directory
  const paths: string[] = []
  const unscanned: Unscanned[] = []
  const endsAt = monotonic(clock) + limits.maxMs
  let left = limits.maxEntries
  let isOver = false

  async function namesIn({ path, at }: Folder): Promise<string[]> {
    const names: string[] = []
    if (isOver) return names
    for await (const name of fileSystem.names(at('.'))) {
      signal.throwIfAborted()
      if (left === 0 || monotonic(clock) > endsAt) {
        isOver = true
        unscanned.push({ path, reason: 'not_scanned' })
        break
      }
      left -= 1
      names.push(name)
    }
    return names.sort()
  }

  /** Notes changed files; gives the folders in it. */
  async function lookAt(folder: Folder): Promise<string[]> {
    const names = (await namesIn(folder)).filter((name) => !limits.ignore(toPath(folder, name)))
    const folders: string[] = []
    for (let start = 0; start < names.length; start += batch) {
      signal.throwIfAborted()
      const some = names.slice(start, start + batch)
      const infos = await Promise.all(some.map(async (name) => look(folder, name)))
      some.forEach((name, index) => {
        const info = infos[index]
        if (info === null || info === undefined) return
        if (info.isDirectory()) folders.push(name)
        else if (isOfTurn(info, request)) paths.push(toPath(folder, name))
      })
    }
    return folders
  }

  async function look(folder: Folder, name: string): Promise<Stats | null> {
    try {
      return await fileSystem.lstat(folder.at(name))
    } catch (error) {
      if (!isMissing(error)) throw error
      // A name that is no UTF-8 comes as another one, which nothing has.
      if (name.includes('\ufffd')) {
        unscanned.push({ path: toPath(folder, name), reason: 'invalid_path' })
      }
      return null
    }
  }

  async function enter(
    path: string | null,
    place: string,
    depth: number,
    device: number | null,
  ): Promise<void> {
    try {
      const check = device === null ? checkRoot : on(device, checkDirectory)
      const handle = await openChecked(fileSystem, place, flags, check)
      try {
        const { dev } = await handle.stat()
        const isAnchored = await canAnchor(fileSystem, handle)
        const at = (name: string): string =>
          isAnchored ? `/proc/self/fd/${handle.fd}/${name}` : join(place, name)
        const folder: Folder = { path, at, depth }
        for (const name of await lookAt(folder)) {
          const inner = toPath(folder, name)
          if (depth < limits.maxDepth) await enter(inner, at(name), depth + 1, dev)
          else unscanned.push({ path: inner, reason: 'not_scanned' })
        }
      } finally {
        await handle.close()
      }
    } catch (error) {
      signal.throwIfAborted()
      const reason = toReason(error)
      if (reason !== null) unscanned.push({ path, reason })
    }
  }

  await enter(null, root, 0, null)
  return { paths, unscanned }
}

function toPath({ path }: Folder, name: string): string {
  return path === null ? name : `${path}/${name}`
}

function isOfTurn({ ctimeMs, birthtimeMs }: Stats, { since, until }: ScanRequest): boolean {
  return ctimeMs >= since && (until === null || birthtimeMs <= until)
}

/** A folder that went away while it was looked for has no files. */
function toReason(error: unknown): DropReason | null {
  if (error instanceof Drop) return error.reason === 'missing' ? null : error.reason
  if (isMissing(error)) return null
  if (errorCode(error) === undefined) throw error
  return 'not_scanned'
}
