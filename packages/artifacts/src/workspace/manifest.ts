import { ArtifactError } from '../errors.js'
import { isArtifactKey, parseArtifactKey, toKeySegment, type ArtifactKey } from '../store/key.js'

/** What a backup knows of one thing in a workspace. */
export type ManifestEntry =
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'file'
      readonly path: string
      readonly mode: number
      readonly modifiedAt: number
      readonly sizeBytes: number
      readonly sha256: string
      /** The archive that holds its bytes, by its number among {@link Manifest.packs}. */
      readonly pack: number
      /** Where they begin in it. */
      readonly offset: number
    }

/** A backup: what was in the workspace, and where the bytes are. */
export interface Manifest {
  readonly version: 1
  readonly id: string
  readonly takenAt: number
  /** Whether nothing changed between the first and the last look. */
  readonly isConsistent: boolean
  /** Archives, of this backup and of earlier ones. */
  readonly packs: readonly ArtifactKey[]
  /** Folders before what is in them. */
  readonly entries: readonly ManifestEntry[]
}

/** Most names in a path: every folder on the way is held open. */
export const maxDepth = 128

const maxPathBytes = 4096
const maxNameBytes = 255
const loneSurrogate = /\p{Cs}/u
const digest = /^[0-9a-f]{64}$/
const backupId = /^\d{15}-[0-9a-f]{12}$/

/** Whether a text is the id of a backup, of one that there may be. */
export function isBackupId(text: string): boolean {
  return backupId.test(text)
}

/** The beginning of the keys of a workspace's backups. */
export function toBackupPrefix(name: string | number | bigint): string {
  return `workspaces/${toKeySegment(name)}/`
}

/** Keys of one backup; they sort by its time. */
export function toBackupKeys(
  name: string | number | bigint,
  id: string,
): {
  readonly announced: ArtifactKey
  readonly manifest: ArtifactKey
  readonly pack: ArtifactKey
} {
  if (!backupId.test(id)) throw new TypeError('`id` must be that of a backup.')
  const prefix = toBackupPrefix(name) + id
  return {
    announced: parseArtifactKey(`${prefix}/announced`),
    manifest: parseArtifactKey(`${prefix}/manifest`),
    pack: parseArtifactKey(`${prefix}/pack`),
  }
}

const parts = ['announced', 'manifest', 'pack'] as const

/** When a backup was begun, by its id, in milliseconds since the Unix epoch. */
export function takenAtOf(id: string): number {
  return Number(id.slice(0, 15))
}

/** The backup that a key is of; `null` for one of something else. */
export function parseBackupKey(
  key: string,
): { readonly id: string; readonly part: (typeof parts)[number] } | null {
  const [id = '', name] = key.split('/').slice(-2)
  const part = parts.find((each) => each === name)
  return part === undefined || !backupId.test(id) ? null : { id, part }
}

/** Bounds of what is read back. */
export interface ManifestLimits {
  readonly maxEntries: number
  readonly maxBytes: number
}

/**
 * Reads a manifest and believes nothing of it: paths stay inside, no folder is missing, nothing is there twice, links lead nowhere
 * else. Fails with `corrupt`, or with `too_large` for one that would fill the disk.
 */
export function parseManifest(text: string, limits: ManifestLimits): Manifest {
  const value: unknown = parseJson(text)
  if (!isRecord(value) || value['version'] !== 1) throw corrupt('it is no manifest')
  const { id, takenAt, isConsistent, packs, entries } = value
  const isWhole =
    typeof id === 'string' &&
    typeof takenAt === 'number' &&
    typeof isConsistent === 'boolean' &&
    Array.isArray(packs) &&
    packs.every(isArtifactKey) &&
    Array.isArray(entries)
  if (!isWhole) throw corrupt('it is no manifest')
  if (entries.length > limits.maxEntries) throw tooLarge(`${entries.length} entries`)
  const folders = new Set([''])
  const seen = new Set<string>()
  let total = 0
  for (const entry of entries as readonly unknown[]) {
    if (!isEntry(entry, packs.length)) throw corrupt('an entry is malformed')
    const { path } = entry
    const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
    if (!isInside(path)) throw corrupt('a path leads out of the workspace')
    if (!folders.has(parent)) throw corrupt('a folder is missing')
    if (seen.has(path)) throw corrupt('a path is there twice')
    seen.add(path)
    if (entry.kind === 'folder') folders.add(path)
    if (entry.kind === 'link' && !isLinkInside(path, entry.target)) {
      throw corrupt('a link leads out of the workspace')
    }
    if (entry.kind === 'file') total += entry.sizeBytes
    if (total > limits.maxBytes) throw tooLarge(`more than ${limits.maxBytes} bytes`)
  }
  const checked = entries as readonly ManifestEntry[]
  return { version: 1, id, takenAt, isConsistent, packs, entries: checked }
}

/** A path of plain names, none of which a file system could read as something else. */
export function isInside(path: string): boolean {
  if (Buffer.byteLength(path) > maxPathBytes) return false
  const names = path.split('/')
  return (
    names.length <= maxDepth &&
    names.every(
      (name) =>
        name !== '' &&
        name !== '.' &&
        name !== '..' &&
        !name.includes('\0') &&
        Buffer.byteLength(name) <= maxNameBytes &&
        !loneSurrogate.test(name),
    )
  )
}

/**
 * Whether a link, resolved by any file system, stays inside: relative, and upwards only at its beginning, by no more folders than it
 * lies in. Behind the name of another link `..` would lead elsewhere than it says.
 */
export function isLinkInside(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\0')) return false
  if (Buffer.byteLength(target) > maxPathBytes || loneSurrogate.test(target)) return false
  const parts = target.split('/').filter((part) => part !== '' && part !== '.')
  const depth = path.split('/').length - 1
  const ups = parts.findIndex((part) => part !== '..')
  const climbed = ups === -1 ? parts.length : ups
  return climbed <= depth && !parts.slice(climbed).includes('..')
}

function isEntry(value: unknown, packs: number): value is ManifestEntry {
  if (!isRecord(value) || typeof value['path'] !== 'string') return false
  const isCount = (name: string, most = Number.MAX_SAFE_INTEGER): boolean => {
    const number = value[name]
    return Number.isSafeInteger(number) && Number(number) >= 0 && Number(number) <= most
  }
  switch (value['kind']) {
    case 'folder':
      return isCount('mode', 0o777)
    case 'link':
      return typeof value['target'] === 'string'
    case 'file':
      return (
        isCount('mode', 0o777) &&
        isCount('sizeBytes') &&
        isCount('offset') &&
        isCount('pack', packs - 1) &&
        Number.isFinite(value['modifiedAt']) &&
        typeof value['sha256'] === 'string' &&
        digest.test(value['sha256'])
      )
    default:
      return false
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw corrupt('it is no JSON', error)
  }
}

function corrupt(why: string, cause?: unknown): ArtifactError {
  const details = cause === undefined ? {} : { cause }
  return new ArtifactError('corrupt', `The manifest of the backup is damaged: ${why}.`, details)
}

function tooLarge(what: string): ArtifactError {
  return new ArtifactError('too_large', `The backup holds ${what}; see \`limits\`.`)
}
