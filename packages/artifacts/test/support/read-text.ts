import { parseArtifactKey } from '../../src/store/key.js'
import type { ArtifactStore } from '../../src/store/store.js'

/** The text of a stored artifact; fails when there is none. */
export async function readText(
  store: ArtifactStore,
  artifact: { readonly key: string } | undefined,
): Promise<string> {
  const found = await store.get(parseArtifactKey(artifact?.key))
  if (found === null) throw new Error(`Nothing is stored under ${artifact?.key}.`)
  const chunks: Uint8Array[] = []
  for await (const chunk of found.body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
