import type { FileMetadata } from '@google-cloud/storage'

import { ArtifactError } from '../errors.js'
import { isArtifactKey, type ArtifactKey } from '../store/key.js'
import type { ArtifactStat } from '../store/store.js'

/** Our own notes; a host's begin with a letter. */
const digestNote = '_sha256'
const putNote = '_put'

/** What a put says of its object. */
export interface ObjectNotes {
  readonly sha256: string
  /** Of one put only: by it a repeated request knows its own work. */
  readonly putId: string
  readonly metadata: Readonly<Record<string, string>>
}

/** One object as the bucket knows it. */
export interface StoredObject {
  /** The version of its bytes and notes. */
  readonly generation: string
  readonly putId: string | null
  /** `null` for an object that this package did not write. */
  readonly stat: ArtifactStat | null
}

export function toNotes({ sha256, putId, metadata }: ObjectNotes): Record<string, string> {
  return { ...metadata, [digestNote]: sha256, [putNote]: putId }
}

export function toStoredObject(key: ArtifactKey, resource: FileMetadata): StoredObject {
  const { generation, size, contentType, timeCreated } = resource
  const metadata: Record<string, string> = {}
  let sha256: string | null = null
  let putId: string | null = null
  for (const [name, value] of Object.entries(resource.metadata ?? {})) {
    if (name === digestNote) sha256 = String(value)
    else if (name === putNote) putId = String(value)
    else metadata[name] = String(value)
  }
  const storedAt = Date.parse(timeCreated ?? '')
  const sizeBytes = Number(size)
  const isOurs = sha256 !== null && Number.isSafeInteger(sizeBytes) && Number.isFinite(storedAt)
  return {
    generation: String(generation),
    putId,
    stat: isOurs
      ? {
          key,
          sizeBytes,
          sha256: sha256 ?? '',
          contentType: contentType ?? 'application/octet-stream',
          storedAt,
          metadata,
        }
      : null,
  }
}

/** The names of objects in the bucket. */
export interface ObjectNames {
  readonly prefix: string
  readonly name: (key: ArtifactKey) => string
  /** The key of an object's name; `null` for one that is no key of this store. */
  readonly keyOf: (name: string) => ArtifactKey | null
  /** Where long uploads wait: no key begins with a dot. */
  readonly uploads: string
}

export function createNames(prefix: string): ObjectNames {
  return {
    prefix,
    name: (key) => prefix + key,
    keyOf: (name) => {
      const key = name.slice(prefix.length)
      return name.startsWith(prefix) && isArtifactKey(key) ? key : null
    },
    uploads: `${prefix}.uploads/`,
  }
}

export function requireStat(object: StoredObject, key: ArtifactKey): ArtifactStat {
  if (object.stat !== null) return object.stat
  throw new ArtifactError('corrupt', `The object ${key} was not written by this store.`)
}
