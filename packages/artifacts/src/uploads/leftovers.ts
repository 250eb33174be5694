import { randomUUID } from 'node:crypto'
import { lstat, unlink } from 'node:fs/promises'

import type { OpenFolder } from '../directory/open-folder.js'

const prefix = '.turnstead-upload-'

/** Longer than any file takes to be written. */
const longestWriteMs = 86_400_000

/** A name for a file while it is written. */
export function toTemporaryName(): string {
  return prefix + randomUUID()
}

/**
 * Removes what a process left that was killed while it placed files: one that has its name by now, too, is in the way of whoever takes
 * files with two names for links that lead out; one that has none is of no use.
 */
export async function removeLeftovers(
  place: OpenFolder,
  names: readonly string[],
  olderThanMs: number = longestWriteMs,
): Promise<void> {
  for (const name of names) {
    if (!name.startsWith(prefix)) continue
    const at = place.at(name)
    const info = await lstat(at).catch(() => null)
    if (info === null || !info.isFile()) continue
    const isNamed = info.nlink > 1
    if (isNamed || info.ctimeMs <= Date.now() - olderThanMs) await unlink(at).catch(() => {})
  }
}
