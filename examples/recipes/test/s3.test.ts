import { S3Client } from '@aws-sdk/client-s3'
import { parseArtifactKey } from '@turnstead/artifacts'
import { artifactStoreContract } from '@turnstead/artifacts/contract'
import { runContract } from '@turnstead/testkit/contract'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'

import { createS3Store } from '../src/stores/s3.js'
import { startS3Server } from './support/s3-server.js'

async function openPlace() {
  const server = await startS3Server('files')
  const client = new S3Client({
    endpoint: server.url,
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
  })
  const close = async (): Promise<void> => {
    client.destroy()
    await server.close()
  }
  return { server, close, store: createS3Store(client, 'files', 'app/files/') }
}

runContract({ describe, it }, 'the S3 store', artifactStoreContract, {
  open: async () => {
    const { server, store, close } = await openPlace()
    return {
      subject: store,
      close: async () => {
        try {
          await store.removeStale({ olderThanMs: 0 })
          const described = server.names().filter((name) => name.includes('/objects/'))
          expect(server.names().length).to.equal(described.length * 2)
          expect(server.openUploads()).to.equal(0)
        } finally {
          await close()
        }
      },
    }
  },
  capabilities: ['if-absent', 'range', 'sign-url'],
})

describe('the S3 store', function () {
  this.timeout(30_000)
  const key = parseArtifactKey('a/b')

  it('stores many parts, also when requests meet 503 or their answers are lost', async () => {
    const { server, store, close } = await openPlace()
    const seen = new Set<string>()
    server.faultAt = (method, url) => {
      const kind = `${method} ${url.pathname.includes('/bytes/')} ${url.searchParams.has('uploadId')}`
      if (seen.has(kind)) return null
      seen.add(kind)
      return method === 'PUT' && !url.searchParams.has('uploadId') ? 'lose-answer' : 503
    }
    const bytes = randomBytes(17_000_000)
    await store.put(key, bytes, { ifAbsent: true })
    const found = await store.get(key)
    expect((await buffer(found?.body ?? expect.fail())).equals(bytes)).to.equal(true)
    expect(server.openUploads()).to.equal(0)
    await close()
  })

  it('signs addresses that serve the object as a download', async () => {
    const { store, close } = await openPlace()
    await store.put(key, Buffer.from('hello'))
    const url = await store.signUrl?.(key, { expiresInMs: 60_000 })
    const response = await fetch(url ?? '')
    expect(await response.text()).to.equal('hello')
    expect(response.headers.get('content-disposition')).to.equal('attachment')
    expect(new URL(url ?? '').searchParams.get('X-Amz-Expires')).to.equal('60')
    await close()
  })

  it('is written in less than 60 lines', async () => {
    const text = await readFile(new URL('../src/stores/s3.ts', import.meta.url), 'utf8')
    expect(text.trimEnd().split('\n').length).to.be.lessThan(60)
  })
})
