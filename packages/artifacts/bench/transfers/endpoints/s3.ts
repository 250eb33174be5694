// The part of S3's protocol that long transfers use, in a process of its own and without keeping their bytes.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'

import { isFixture } from '../fixture.js'
import { readHeld, sizeOf, type Held } from './held.js'

const bucket = 'files'
const objects = new Map<string, Held>()
/** Parts by number. Of a long object's all are of the fixture, all but the last of one length; they are checked at the end. */
const uploads = new Map<string, Map<number, Buffer>>()

function xml(response: ServerResponse, text: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/xml' })
  response.end(`<?xml version="1.0"?>${text}`)
}

function refuse(response: ServerResponse, status: number, code: string): void {
  xml(response, `<Error><Code>${code}</Code><Message>${code}</Message></Error>`, status)
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const sent = Buffer.concat(chunks)
  const isFramed = String(request.headers['x-amz-content-sha256']).startsWith('STREAMING-')
  return isFramed ? withoutFrames(sent) : sent
}

/** The official client sends some bodies in frames with a checksum at the end. */
function withoutFrames(sent: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0; ;) {
    const lineEnd = sent.indexOf('\r\n', at)
    const length = Number.parseInt(sent.toString('latin1', at, lineEnd), 16)
    if (!(length > 0)) return Buffer.concat(chunks)
    chunks.push(sent.subarray(lineEnd + 2, lineEnd + 2 + length))
    at = lineEnd + 2 + length + 2
  }
}

function complete(parts: ReadonlyMap<number, Buffer>): Held {
  const inOrder = [...parts].sort(([one], [other]) => one - other).map(([, part]) => part)
  let length = 0
  for (const part of inOrder) {
    if (!isFixture(part, length)) throw new Error('Other bytes came than were sent.')
    length += part.byteLength
  }
  return { length }
}

function send(held: Held, request: IncomingMessage, response: ServerResponse): void {
  const size = sizeOf(held)
  const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
  const [start, end] = match ? [Number(match[1]), Number(match[2]) + 1] : [0, size]
  response.writeHead(match ? 206 : 200, {
    etag: '"e"',
    'content-length': String(end - start),
    ...(match && { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
  })
  Readable.from(readHeld(held, start, end), { objectMode: false }).pipe(response)
}

async function serve(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { searchParams: query } = url
  const key = decodeURIComponent(url.pathname.slice(bucket.length + 2))
  const id = query.get('uploadId')
  const held = objects.get(key)
  const parts = uploads.get(id ?? '')
  const about = id === null ? 'object' : 'upload'
  switch (`${request.method} ${query.has('uploads') ? 'uploads' : about}`) {
    case 'GET object':
      return held === undefined ? refuse(response, 404, 'NoSuchKey') : send(held, request, response)
    case 'PUT object':
      objects.set(key, { bytes: await bytesOf(request) })
      return void response.writeHead(200, { etag: '"e"', 'content-length': '0' }).end()
    case 'DELETE object':
      objects.delete(key)
      return void response.writeHead(204).end()
    case 'POST uploads': {
      const uploadId = randomUUID()
      uploads.set(uploadId, new Map())
      const result = `<Bucket>${bucket}</Bucket><Key>${key}</Key><UploadId>${uploadId}</UploadId>`
      return xml(
        response,
        `<InitiateMultipartUploadResult>${result}</InitiateMultipartUploadResult>`,
      )
    }
    case 'PUT upload':
      parts?.set(Number(query.get('partNumber')), await bytesOf(request))
      return void response.writeHead(200, { etag: '"p"', 'content-length': '0' }).end()
    case 'POST upload': {
      await bytesOf(request)
      objects.set(key, complete(parts ?? new Map()))
      uploads.delete(id ?? '')
      const result = `<Bucket>${bucket}</Bucket><Key>${key}</Key><ETag>"e"</ETag>`
      return xml(
        response,
        `<CompleteMultipartUploadResult>${result}</CompleteMultipartUploadResult>`,
      )
    }
    default:
      refuse(response, 501, 'NotImplemented')
  }
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', `http://${request.headers.host}`)
  serve(url, request, response).catch(() => response.destroy())
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit())
