import * as s3 from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { createBlobStore, type BlobStore } from '@turnstead/artifacts/blobs'
import { Readable } from 'node:stream'

/** A bucket of S3, or of what speaks its protocol and knows `If-None-Match`. `prefix` ends in a slash. */
export function createS3Store(client: s3.S3Client, Bucket: string, prefix = ''): BlobStore {
  const at = (name: string) => ({ Bucket, Key: prefix + name })
  const is = (error: unknown, ...of: string[]) => error instanceof Error && of.includes(error.name)

  async function read(name: string, Range: string | undefined, signal: AbortSignal | undefined) {
    try {
      const command = new s3.GetObjectCommand({ ...at(name), Range })
      const { Body } = await client.send(command, { ...(signal && { abortSignal: signal }) })
      return Body instanceof Readable ? Body : null
    } catch (error) {
      if (is(error, 'NoSuchKey')) return null
      throw error
    }
  }

  return createBlobStore({
    name: 's3',
    blobs: {
      write: async (name, bytes, { signal }) => {
        const params = { ...at(name), Body: Readable.from(bytes, { objectMode: false }) }
        const upload = new Upload({ client, params, queueSize: 2 })
        const onAbort = () => void upload.abort()
        signal?.addEventListener('abort', onAbort)
        await upload.done().finally(() => signal?.removeEventListener('abort', onAbort))
      },
      writeNew: async (name, Body) => {
        try {
          await client.send(new s3.PutObjectCommand({ ...at(name), Body, IfNoneMatch: '*' }))
          return true
        } catch (error) {
          if (is(error, 'PreconditionFailed', 'ConditionalRequestConflict')) return false
          throw error
        }
      },
      read: (name, { signal }) => read(name, undefined, signal),
      readPart: (name, { start, end }, { signal }) => read(name, `bytes=${start}-${end}`, signal),
      remove: async (name) => void (await client.send(new s3.DeleteObjectCommand(at(name)))),
      list: async function* ({ prefix: begin, after }) {
        const names = { Bucket, Prefix: prefix + begin, StartAfter: after && prefix + after }
        for await (const page of s3.paginateListObjectsV2({ client }, names)) {
          for (const { Key = '' } of page.Contents ?? []) yield Key.slice(prefix.length)
        }
      },
      sign: (name, { expiresInMs, contentDisposition: as = 'attachment', contentType: type }) => {
        const ResponseContentType = type ?? 'application/octet-stream'
        const shown = { ...at(name), ResponseContentDisposition: as, ResponseContentType }
        const command = new s3.GetObjectCommand(shown)
        return getSignedUrl(client, command, { expiresIn: Math.floor(expiresInMs / 1000) })
      },
    },
  })
}
