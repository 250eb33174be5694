import { readForDigest } from './read-file.js'
import type { ManifestEntry } from './manifest.js'
import { walkWorkspace, type Found } from './walk.js'

/**
 * Whether a directory holds what a backup does, to the last byte, and nothing else: whoever was killed when a restore was done, and asks
 * again, has what he asked for. No link is followed, and nothing is written.
 */
export async function isRestored(
  root: string,
  entries: readonly ManifestEntry[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const left = new Map(entries.map((entry) => [entry.path, entry]))
  let isOther = false
  const skip = (): void => void (isOther = true)
  for await (const some of walkWorkspace(root, { isIgnored: () => false, skip, signal })) {
    for (const found of some) {
      const entry = left.get(found.path)
      left.delete(found.path)
      if (isOther || entry === undefined || !(await isSame(found, entry))) return false
    }
  }
  return !isOther && left.size === 0
}

async function isSame(found: Found, entry: ManifestEntry): Promise<boolean> {
  if (found.kind !== entry.kind) return false
  if (entry.kind === 'link') return found.target === entry.target
  if (Number(found.info.mode & 0o777n) !== entry.mode) return false
  if (entry.kind === 'folder') return true
  if (Number(found.info.size) !== entry.sizeBytes) return false
  const handle = await found.open()
  if (handle === null || typeof handle === 'string') return false
  try {
    const { sizeBytes, sha256 } = await readForDigest(handle, entry.sizeBytes)
    return sizeBytes === entry.sizeBytes && sha256 === entry.sha256
  } finally {
    await handle.close()
  }
}
