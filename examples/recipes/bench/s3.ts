import * as s3 from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { createS3Store } from '../src/stores/s3.js'

/** The recipe's store for the benchmark of transfers, and beside it what the official client does by itself. */
export async function openSubject({ port }: { readonly port: number }) {
  const client = new s3.S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
  })
  const Bucket = 'files'
  return {
    store: createS3Store(client, Bucket, 'ours/'),
    peer: {
      upload: async (name: string, source: Readable, digest: Transform): Promise<void> => {
        const params = { Bucket, Key: name, Body: digest }
        const upload = new Upload({ client, params, queueSize: 2 })
        await Promise.all([pipeline(source, digest), upload.done()])
      },
      download: async (name: string): Promise<Readable> => {
        const { Body } = await client.send(new s3.GetObjectCommand({ Bucket, Key: name }))
        if (!(Body instanceof Readable)) throw new Error('There are no bytes.')
        return Body
      },
      isChecked: true,
      remove: async (name: string): Promise<void> => {
        await client.send(new s3.DeleteObjectCommand({ Bucket, Key: name }))
      },
    },
    close: async (): Promise<void> => client.destroy(),
  }
}
