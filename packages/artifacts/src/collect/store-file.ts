import { createHash } from 'node:crypto'

import type { AgentFile } from './agent-file.js'
import {
  toArtifact,
  toArtifactId,
  toArtifactKey,
  toContentType,
  toMetadata,
  type Artifact,
  type ArtifactDraft,
} from '../catalog/artifact.js'
import { Drop } from '../directory/drop-reason.js'
import { ArtifactError } from '../errors.js'
import type { ArtifactKey } from '../store/key.js'
import type { ArtifactStat, ArtifactStore } from '../store/store.js'

/** Files up to this size are read once; larger ones twice, so that memory stays bounded. */
const keptBytes = 1_048_576

/** A file as the first reading found it. */
export interface ReadFile {
  readonly sha256: string
  /** All of its bytes, when they are few enough to keep. */
  readonly bytes: Buffer | null
}

/** Reads a file to its end for its digest. */
export async function readForDigest(file: AgentFile): Promise<ReadFile> {
  const digest = createHash('sha256')
  let chunks: Uint8Array[] | null = []
  let total = 0
  for await (const chunk of file.read()) {
    digest.update(chunk)
    total += chunk.byteLength
    if (total > keptBytes) chunks = null
    chunks?.push(chunk)
  }
  return {
    sha256: digest.digest('hex'),
    bytes: chunks === null ? null : Buffer.concat(chunks),
  }
}

/** What {@link storeFile} stores. */
export interface StoreFileOptions {
  readonly store: ArtifactStore
  readonly announce: (key: ArtifactKey) => Promise<void>
  readonly file: AgentFile
  readonly read: ReadFile
  readonly draft: Omit<ArtifactDraft, 'sha256'>
  readonly signal: AbortSignal | undefined
}

/** Stores a file under the key that its content asks for; finding it there already is as good. */
export async function storeFile(options: StoreFileOptions): Promise<Artifact> {
  const { store, file, read, signal } = options
  const draft: ArtifactDraft = { ...options.draft, sha256: read.sha256 }
  const isHost = file.source === 'host'
  const key = toArtifactKey(draft.turnId, toArtifactId(draft, isHost))
  if (key === null) throw new Error('An artifact id that was just made is malformed.')
  await options.announce(key)
  const stat =
    (await store.stat(key, { signal })) ??
    (await put(store, key, read.bytes ?? verified(file, read.sha256), draft, signal))
  const artifact = toArtifact(stat)
  const isSame = artifact?.sha256 === read.sha256 && artifact.trusted === isHost
  if (artifact === null || !isSame) {
    throw new ArtifactError('corrupt', `Under ${key} the store holds something else.`)
  }
  return artifact
}

async function put(
  store: ArtifactStore,
  key: ArtifactKey,
  source: Buffer | AsyncIterable<Uint8Array>,
  draft: ArtifactDraft,
  signal: AbortSignal | undefined,
): Promise<ArtifactStat> {
  try {
    return await store.put(key, source, {
      contentType: toContentType(draft),
      metadata: toMetadata(draft),
      ifAbsent: store.capabilities.includes('if-absent'),
      signal,
    })
  } catch (error) {
    if (!ArtifactError.is(error)) throw error
    if (error.cause instanceof Drop) throw error.cause
    const taken = error.code === 'already_exists' ? await store.stat(key, { signal }) : null
    if (taken === null) throw error
    return taken
  }
}

/** The key names the content, so a second reading must give the same; else nothing is stored. */
async function* verified(file: AgentFile, sha256: string): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256')
  for await (const chunk of file.read()) {
    digest.update(chunk)
    yield chunk
  }
  if (digest.digest('hex') !== sha256) throw new Drop('changing')
}
