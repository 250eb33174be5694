import { createHash } from 'node:crypto'

import { untilAbort } from '../abort.js'
import type { Artifact } from '../catalog/artifact.js'
import type { FileIndex } from '../catalog/file-index.js'
import { Drop } from '../directory/drop-reason.js'
import { foldFileName, foldWholeName } from '../file-name.js'
import type { ArtifactStore } from '../store/store.js'
import type { Transform } from '../transforms/transform.js'
import { storeFile } from './store-file.js'

/** A file of the agent's that was kept, with its path exactly as it is. */
export interface KeptFile {
  readonly path: string
  readonly artifact: Artifact
}

/** What a host's file is made with. */
export interface RenderContext {
  readonly store: ArtifactStore
  readonly index: FileIndex
  readonly turnId: string | number | bigint
  readonly conversationId: string | number | bigint | null
  readonly signal: AbortSignal
}

/** A host's file that is to be made. */
export interface Rendering {
  readonly transform: Transform
  readonly source: KeptFile
  /** Path of the host's file, below the agent's directory. */
  readonly path: string
}

/** The first transform that takes the file, and where its result goes; null for none. Throws a Drop for one that breaks its own rule. */
export function toRendering(source: KeptFile, transforms: readonly Transform[]): Rendering | null {
  const at = source.path.lastIndexOf('/') + 1
  const sourceName = source.path.slice(at)
  try {
    for (const transform of transforms) {
      const name = transform.destinationOf(sourceName)
      if (name === null) continue
      if (name === '' || name.includes('/') || !transform.owns(foldWholeName(name))) {
        throw new TypeError(`Transform ${transform.name} does not own the name that it gives.`)
      }
      return { transform, source, path: source.path.slice(0, at) + name }
    }
    return null
  } catch (error) {
    throw new Drop('transform_failed', { cause: error })
  }
}

/** Makes the host's file and stores it. What the transform throws becomes a Drop; a failing store's error does not. */
export async function render(context: RenderContext, rendering: Rendering): Promise<Artifact> {
  const { transform, source, path } = rendering
  const bytes = await untilAbort(context.signal, () => renderBytes(context, rendering))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const { callId, sessionId } = source.artifact.provenance
  return await untilAbort(context.signal, () =>
    storeFile({
      store: context.store,
      announce: (key) => context.index.announce(key),
      file: { source: 'host', read: () => once(bytes), close: async () => {} },
      read: { sha256, bytes },
      signal: context.signal,
      draft: {
        turnId: context.turnId,
        conversationId: context.conversationId,
        path,
        provenance: { source: 'host', tool: transform.name, callId, sessionId },
      },
    }),
  )
}

async function renderBytes(
  { store, signal }: RenderContext,
  { transform, source }: Rendering,
): Promise<Buffer> {
  const { bytes, isCut } = await readStart(store, source.artifact, transform.maxSourceBytes, signal)
  const name = source.path.split('/').at(-1) ?? source.path
  try {
    return Buffer.from(await transform.render({ name, bytes, isCut, signal }))
  } catch (error) {
    signal.throwIfAborted()
    throw new Drop('transform_failed', { cause: error })
  }
}

/** The stored bytes, not those on the agent's disk, which may be others by now. */
async function readStart(
  store: ArtifactStore,
  { key, sizeBytes }: Artifact,
  maxBytes: number,
  signal: AbortSignal,
): Promise<{ bytes: Buffer; isCut: boolean }> {
  const stored = await store.get(key, { signal })
  if (stored === null) throw new Error('A file that was just stored is not there.')
  const chunks: Uint8Array[] = []
  let left = maxBytes
  for await (const chunk of stored.body as AsyncIterable<Uint8Array>) {
    if (left === 0) break
    chunks.push(chunk.subarray(0, left))
    left -= Math.min(left, chunk.byteLength)
  }
  return { bytes: Buffer.concat(chunks), isCut: sizeBytes > maxBytes }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/**
 * Removes the turn's files that bear the name of one of the host's, and are not: from before the name was the host's. Only when the
 * host's own is safe. A user's upload is no agent's work and stays.
 */
export async function purgeImpostors(
  { index, turnId, signal }: RenderContext,
  rendered: readonly Artifact[],
): Promise<void> {
  const names = new Set(rendered.map(({ name }) => foldFileName(name)))
  const impostors: Artifact[] = []
  for await (const artifact of index.list(turnId, { signal })) {
    const { name, trusted, provenance } = artifact
    const isOwned = trusted || provenance.source === 'upload'
    if (!isOwned && names.has(foldFileName(name))) impostors.push(artifact)
  }
  await index.remove(impostors, { signal })
}
