import type { Bucket } from '@google-cloud/storage'

import { checkListOptions } from '../store/list-options.js'
import type { ArtifactStat, ListOptions } from '../store/store.js'
import { callBucket } from './call-bucket.js'
import { toStoredObject, type ObjectNames } from './object.js'

const pageSize = 1000

/** Objects of this package in the order of their keys, page by page. */
export async function* listObjects(
  bucket: Bucket,
  names: ObjectNames,
  listOptions: ListOptions,
): AsyncGenerator<ArtifactStat> {
  const { prefix: begin, after, limit, signal } = checkListOptions(listOptions)
  let left = limit
  let pageToken: string | undefined
  while (left > 0) {
    const [files, next] = await callBucket(signal, async () =>
      bucket.getFiles({
        prefix: names.prefix + begin,
        // Past uploads that are under way: a dot comes before every letter and digit.
        startOffset: names.prefix + (after === '' ? '0' : after),
        maxResults: Math.min(pageSize, left + 1),
        autoPaginate: false,
        ...(pageToken === undefined ? {} : { pageToken }),
      }),
    )
    for (const file of files) {
      const key = names.keyOf(file.name)
      if (key === null || key === after) continue
      const { stat } = toStoredObject(key, file.metadata)
      if (stat === null) continue
      if (left <= 0) return
      left -= 1
      signal?.throwIfAborted()
      yield stat
    }
    pageToken = nextToken(next)
    if (pageToken === undefined) break
  }
  signal?.throwIfAborted()
}

function nextToken(query: unknown): string | undefined {
  const { pageToken } = (query ?? {}) as { readonly pageToken?: string }
  return pageToken
}
