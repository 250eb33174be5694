import { randomUUID } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'

import { ArtifactError } from '../errors.js'
import { isArtifactKey, type ArtifactKey } from '../store/key.js'
import { isMissing } from '../system-error.js'

/** Where an object lives. */
export interface ObjectPath {
  /** The folder that holds it. */
  readonly directory: string
  /** The file itself. */
  readonly file: string
}

/** What a name in the store's folder means. */
export interface DiskEntry {
  readonly kind: 'directory' | 'object'
  /** The key segment. */
  readonly segment: string
}

/**
 * Folders are `d-…`, objects `o-…`, so that `a` and `a/b` can both exist. A capital letter is written as
 * `!` and the small one, so that keys stay apart on file systems that ignore case; the letter and dash in
 * front also keep Windows' device names out.
 */
export function toObjectPath(root: string, key: ArtifactKey): ObjectPath {
  const segments = key.split('/')
  const last = segments.pop() ?? ''
  const directory = toDirectoryPath(root, segments)
  return { directory, file: join(directory, `o-${encode(last)}`) }
}

export function toDirectoryPath(root: string, segments: readonly string[]): string {
  return join(root, ...segments.map((segment) => `d-${encode(segment)}`))
}

/** A fresh name beside the target, where a rename cannot cross file systems. */
export function toTemporaryPath(directory: string): string {
  return join(directory, `t-${randomUUID()}`)
}

/** Beside an object's file or another claim, the same for every writer of it. */
export function toClaimPath(file: string): string {
  return join(dirname(file), `c-${basename(file)}`)
}

/** Names of files that a writer removes when it is done. */
export function isTemporaryName(name: string): boolean {
  return /^(t-[0-9a-f-]{36}$|(?:c-){1,2}o-)/.test(name)
}

/** The reverse of the encoding above; `null` for a name that the store does not write. */
export function parseEntryName(name: string): DiskEntry | null {
  const match = /^([do])-((?:[a-z0-9_=.-]|![a-z])+)$/.exec(name)
  if (match === null) return null
  const segment = (match[2] ?? '').replace(/![a-z]/g, (pair) => pair.slice(1).toUpperCase())
  if (!isArtifactKey(segment)) return null
  return { kind: match[1] === 'd' ? 'directory' : 'object', segment }
}

/** Refuses a folder that a symbolic link leads out of the store; false when it does not exist. */
export async function assertContained(root: string, directory: string): Promise<boolean> {
  try {
    const real = await realpath(directory)
    if (real === directory && (real === root || real.startsWith(root + sep))) return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
  throw new ArtifactError('unsafe_path', 'A folder of the store is a symbolic link.')
}

function encode(segment: string): string {
  return segment.replace(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`)
}
