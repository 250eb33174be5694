import { Storage } from '@google-cloud/storage'
import { pipeline } from 'node:stream/promises'

import { createGcsStore } from '../../../src/gcs.js'
import type { Setting, Subject } from '../subject.js'

const chunkSize = 8_388_608

/**
 * The peer is the client's own stream, checked by crc32c as it is by default, in chunks of the same size: without them the client sends one
 * endless request and keeps nothing of it, so that any that fails loses the upload.
 */
export async function openSubject({ port }: Setting): Promise<Subject> {
  const apiEndpoint = `http://127.0.0.1:${port}`
  const storage = new Storage({ apiEndpoint, projectId: 'bench' })
  const bucket = storage.bucket('files')
  return {
    store: createGcsStore({ bucket, prefix: 'ours/' }),
    peer: {
      upload: (name, source, digest) =>
        pipeline(
          source,
          digest,
          bucket.file(name).createWriteStream({ resumable: true, chunkSize }),
        ),
      download: async (name) => bucket.file(name).createReadStream(),
      isChecked: true,
      remove: async (name) => void (await bucket.file(name).delete()),
    },
    close: async () => {},
  }
}
