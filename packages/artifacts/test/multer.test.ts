import { expect } from 'chai'
import express from 'express'
import { afterEach, beforeEach, describe, it } from 'mocha'
import multer from 'multer'
import { request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { ArtifactError } from '../src/errors.js'
import { createMemoryStore } from '../src/memory.js'
import { createMulterStorage, multerOptions, uploadsOf } from '../src/multer.js'
import type { ArtifactStore } from '../src/store/store.js'

describe('the multer storage engine', () => {
  let store: ArtifactStore
  let server: Server
  let url: string
  /** Resolves with what became of the form. */
  let ended: Promise<unknown>

  beforeEach(async () => {
    store = createMemoryStore()
    const app = express()
    const upload = multer(multerOptions({ store, maxFileBytes: 100_000, maxFiles: 3 }))
    let end: (outcome: unknown) => void = () => {}
    ended = new Promise((resolve) => (end = resolve))
    app.post('/', upload.array('files'), (request, response) => {
      end(null)
      response.json(uploadsOf(request))
    })
    app.use(((error, _request, response, _next) => {
      end(error)
      if (!response.headersSent) response.status(400).json({ code: error.code })
    }) satisfies express.ErrorRequestHandler)
    server = app.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  const keys = async (): Promise<string[]> => {
    const found: string[] = []
    for await (const { key } of store.list()) found.push(key)
    return found
  }
  const send = async (...files: readonly (readonly [string, string | Buffer])[]) => {
    const form = new FormData()
    for (const [name, content] of files) form.append('files', new File([content], name))
    const response = await fetch(url, { method: 'POST', body: form })
    return { status: response.status, body: (await response.json()) as unknown }
  }

  it('stores each file of a form, with its name in UTF-8', async () => {
    const { status, body } = await send(['Größe 漢字.txt', 'hello'], ['b', Buffer.alloc(100_000)])
    expect(status).to.equal(200)
    const uploads = body as { key: string; name: string; sizeBytes: number }[]
    expect(uploads.map(({ name, sizeBytes }) => [name, sizeBytes])).to.deep.equal([
      ['Größe 漢字.txt', 5],
      ['b', 100_000],
    ])
    expect(await keys()).to.have.members(uploads.map(({ key }) => key))
  })

  it('fails for a file that was cut at its limit, and leaves nothing of the form', async () => {
    const { status } = await send(['a', 'whole'], ['b', Buffer.alloc(100_001)])
    expect(status).to.equal(400)
    expect(await keys()).to.deep.equal([])
  })

  it('leaves nothing of a form with too many files', async () => {
    const { status } = await send(['a', '1'], ['b', '2'], ['c', '3'], ['d', '4'])
    expect(status).to.equal(400)
    expect(await keys()).to.deep.equal([])
  })

  it('leaves nothing of a form that breaks off', async () => {
    const sending = httpRequest(url, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=b', 'content-length': '1000000' },
    })
    sending.on('error', () => {})
    const part = (name: string) =>
      `--b\r\ncontent-disposition: form-data; name="files"; filename="${name}"\r\n\r\n`
    sending.write(`${part('a')}whole\r\n${part('b')}half`)
    while ((await keys()).length === 0) await new Promise((resolve) => setImmediate(resolve))
    sending.destroy()
    await ended
    while ((await keys()).length > 0) await new Promise((resolve) => setImmediate(resolve))
  })

  it('says why the store refused a file, when it does so before the end of it', async () => {
    for (const most of [0, 1, 70_000]) {
      store.put = async (_key, source) => {
        let left = most
        for await (const chunk of source as AsyncIterable<Uint8Array>) {
          left -= chunk.byteLength
          if (left <= 0) break
        }
        throw new ArtifactError('storage_failed', 'The disk is full.')
      }
      const { status, body } = await send(['a', Buffer.alloc(100_000)])
      expect({ status, body }).to.deep.equal({ status: 400, body: { code: 'storage_failed' } })
    }
  })

  it('refuses what is no store or limit', () => {
    expect(() => createMulterStorage({ store: null as never })).to.throw(TypeError, 'store')
    expect(() => createMulterStorage({ store, maxFileBytes: -1 })).to.throw(RangeError)
    expect(() => multerOptions({ store, maxFiles: 0 })).to.throw(RangeError, 'maxFiles')
  })
})
