import { Storage } from '@google-cloud/storage'
import { pipeline } from 'node:stream/promises'

import { createGcsStore } from '../../../src/gcs.js'
import type { Setting, Subject } from '../subject.js'

/** The peer is the client's own stream, resumable and checked by crc32c as it is by default. */
export async function openSubject({ port }: Setting): Promise<Subject> {
  const apiEndpoint = `http://127.0.0.1:${port}`
  const storage = new Storage({ apiEndpoint, projectId: 'bench' })
  const bucket = storage.bucket('files')
  return {
    store: createGcsStore({ bucket, prefix: 'ours/' }),
    peer: {
      upload: (name, source, digest) =>
        pipeline(source, digest, bucket.file(name).createWriteStream({ resumable: true })),
      download: async (name) => bucket.file(name).createReadStream(),
      isChecked: true,
      remove: async (name) => void (await bucket.file(name).delete()),
    },
    close: async () => {},
  }
}
