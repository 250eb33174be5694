import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Transform, Writable, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { callbackify } from 'node:util'
import multer, { type StorageEngine } from 'multer'

import { parseArtifactKey, serveArtifactTo } from '../../src/index.js'
import { multerOptions } from '../../src/multer.js'
import type { Errand } from './endpoints/browser.js'
import type { Subject } from './subject.js'

/** The five ways of a file. */
export const pathNames = ['up', 'into', 'through', 'out', 'served'] as const
export type PathName = (typeof pathNames)[number]

/** Where and how much. */
export interface Ground {
  readonly subject: Subject
  /** A file of so many bytes. */
  readonly file: string
  readonly sizeBytes: number
  /** Sends the browser on an errand. */
  readonly browse: (errand: Errand) => Promise<void>
}

/** One transfer, by our code and by `pipeline`. What it leaves is removed by `clear`. */
export interface Path {
  /** Before the first transfer; not measured. */
  readonly prepare: () => Promise<void>
  readonly ours: () => Promise<void>
  readonly peer: () => Promise<void>
  readonly clear: () => Promise<void>
}

const key = parseArtifactKey('bench/file')
const copy = parseArtifactKey('bench/copy')

/** As in Node's own documentation. */
function digesting(): Transform {
  const digest = createHash('sha256')
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      digest.update(chunk)
      done(null, chunk)
    },
    flush: (done) => {
      digest.digest('hex')
      done()
    },
  })
}

function counting(sizeBytes: number): Writable {
  let left = sizeBytes
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      left -= chunk.byteLength
      done()
    },
    final: (done) => done(left === 0 ? null : new Error(`${left} bytes are missing.`)),
  })
}

/** The way of a file with this name. */
export function openPath(name: PathName, ground: Ground): Path {
  const { store, peer } = ground.subject
  const put = async (): Promise<void> => {
    await store.put(key, createReadStream(ground.file))
  }
  const putByPeer = (): Promise<void> =>
    peer.upload('file', createReadStream(ground.file), digesting())
  const get = async (): Promise<Readable> => {
    const found = await store.get(key)
    if (found === null) throw new Error('The file is not there.')
    return found.body
  }
  const prepareBoth = async (): Promise<void> => {
    await put()
    await putByPeer()
  }
  const removeFirst = async (): Promise<void> => {
    await store.remove(key)
    await peer.remove('file')
  }
  switch (name) {
    case 'up':
      return {
        prepare: async () => {},
        ours: () => {
          const { storage, ...options } = multerOptions({
            store,
            key: () => key,
            maxFileBytes: ground.sizeBytes,
          })
          return uploadTo(ground, { ...options, storage })
        },
        peer: () => uploadTo(ground, { storage: pipelineEngine(ground.subject) }),
        clear: removeFirst,
      }
    case 'into':
      return { prepare: async () => {}, ours: put, peer: putByPeer, clear: removeFirst }
    case 'through':
      return {
        prepare: prepareBoth,
        ours: async () => void (await store.put(copy, await get())),
        // Where the store checks what it reads, both ends have a digest.
        peer: async () => {
          const source = await peer.download('file')
          if (!peer.isChecked) return peer.upload('copy', source, digesting())
          const checked = digesting()
          await Promise.all([pipeline(source, checked), peer.upload('copy', checked, digesting())])
        },
        clear: async () => {
          await store.remove(copy)
          await peer.remove('copy')
        },
      }
    case 'out': {
      const { isChecked } = peer
      const sink = (): Writable => counting(ground.sizeBytes)
      return {
        prepare: prepareBoth,
        ours: async () => pipeline(await get(), sink()),
        peer: async () => {
          const source = await peer.download('file')
          await (isChecked ? pipeline(source, digesting(), sink()) : pipeline(source, sink()))
        },
        clear: async () => {},
      }
    }
    case 'served': {
      const serve = serveArtifactTo({ store, authorize: () => ({ key }) })
      const { isChecked } = peer
      return {
        prepare: prepareBoth,
        ours: () =>
          receiveFrom(ground, async (request, response) => void (await serve(request, response))),
        peer: () =>
          receiveFrom(ground, async (_request, response) => {
            const source = await peer.download('file')
            response.setHeader('content-length', ground.sizeBytes)
            await (isChecked ? pipeline(source, digesting(), response) : pipeline(source, response))
          }),
        clear: async () => {},
      }
    }
  }
}

/** Multer as it is, its files taken by Node's `pipeline` alone. */
function pipelineEngine({ peer }: Subject): StorageEngine {
  return {
    _handleFile: (_request, { stream }, done) => {
      const upload = async (): Promise<object> => {
        await peer.upload('file', stream, digesting())
        return {}
      }
      callbackify(upload)(done)
    },
    _removeFile: (_request, _file, done) => done(null),
  }
}

async function uploadTo(ground: Ground, options: multer.Options): Promise<void> {
  const take = multer(options).single('file')
  await withServer(
    (request, response) => {
      // Multer needs nothing of Express but this.
      take(request as never, response as never, (error: unknown) => {
        if (error !== undefined && error !== null) process.stderr.write(`# ${String(error)}\n`)
        response.writeHead(error === undefined || error === null ? 200 : 500).end()
      })
    },
    (url) => ground.browse({ kind: 'send', url, sizeBytes: ground.sizeBytes }),
  )
}

async function receiveFrom(
  ground: Ground,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<void> {
  let answering: Promise<void> | undefined
  await withServer(
    (request, response) => {
      answering = answer(request, response).catch((error: unknown) => {
        process.stderr.write(`# ${String(error)}\n`)
        response.destroy()
      })
    },
    async (url) => {
      await ground.browse({ kind: 'receive', url, sizeBytes: ground.sizeBytes })
      // The last byte may arrive before this side has noticed.
      await answering
    },
  )
}

async function withServer(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  body: (url: string) => Promise<void>,
): Promise<void> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await body(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
