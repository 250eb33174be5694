import type { Bucket } from '@google-cloud/storage'

import type { ObjectNames } from './object.js'

/** Removes uploads that began before this moment and never got their name. */
export async function removeStale(
  bucket: Bucket,
  names: ObjectNames,
  before: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const [files] = await bucket.getFiles({ prefix: names.uploads })
  let removed = 0
  for (const { name, metadata } of files) {
    if (!(Date.parse(metadata.timeCreated ?? '') <= before)) continue
    signal?.throwIfAborted()
    const preconditionOpts = { ifGenerationMatch: metadata.generation ?? 0 }
    await bucket.file(name, { preconditionOpts }).delete({ ignoreNotFound: true })
    removed += 1
  }
  return removed
}
