import { createHash } from 'node:crypto'

import { toArtifactId, type Artifact } from '../catalog/artifact.js'
import type { ArtifactKey } from '../store/key.js'

/** A user's file, safely stored. Plain data: keep it in a row until a turn takes it. */
export interface Upload {
  /** Where the store keeps it. */
  readonly key: ArtifactKey
  /** A safe file name. */
  readonly name: string
  /** The name that the user's browser sent, whatever it holds. Escape it as any text. */
  readonly originalName: string
  /** Media type by name, of a list of harmless ones; `application/octet-stream` when the content is something else. */
  readonly contentType: string
  /** Its length in bytes. */
  readonly sizeBytes: number
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly sha256: string
  /** When it was stored, in milliseconds since the Unix epoch. */
  readonly storedAt: number
}

/** The turn that takes an upload. */
export interface UploadOwner {
  readonly turnId: string | number | bigint
  readonly conversationId?: string | number | bigint | null | undefined
}

/** An upload as a file of a turn, for `record` of a catalog: then it is listed with the files of its conversation, and no sweep removes it. */
export function toUploadArtifact(upload: Upload, owner: UploadOwner): Artifact {
  const { key, name, contentType, sizeBytes, sha256, storedAt } = upload
  const { turnId, conversationId = null } = owner
  // Two uploads of one name are two files.
  const path = `uploads/${createHash('sha256').update(key).digest('hex').slice(0, 8)}/${name}`
  return {
    id: toArtifactId({ path, sha256 }),
    key,
    turnId: String(turnId),
    conversationId: conversationId === null ? null : String(conversationId),
    path,
    name,
    contentType,
    sizeBytes,
    sha256,
    provenance: { source: 'upload', tool: '', callId: null, sessionId: null },
    trusted: false,
    storedAt,
  }
}
