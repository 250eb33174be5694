// The part of the JSON API of Google Cloud Storage that long transfers use, in a process of its own and without keeping their bytes.
// The faithful one, with all that can go wrong, is the one of the tests.
import { CRC32C } from '@google-cloud/storage'
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'

import { createReceiver, readHeld, sizeOf, type Held, type Receiver } from './held.js'

interface Stored {
  readonly held: Held
  readonly resource: Readonly<Record<string, unknown>>
}

interface Session {
  readonly name: string
  readonly given: Readonly<Record<string, unknown>>
  readonly receiver: Receiver
}

const bucket = 'files'
const objects = new Map<string, Stored>()
const sessions = new Map<string, Session>()
/** Checksums of the fixture by its length: the client's own code takes seconds for one. */
const checksums = new Map<number, string>()
let generations = 1_700_000_000_000_000

function checksumOf(held: Held): string {
  const length = sizeOf(held)
  const known = 'bytes' in held ? undefined : checksums.get(length)
  if (known !== undefined) return known
  const crc = new CRC32C()
  for (const piece of readHeld(held, 0, length)) crc.update(piece)
  if (!('bytes' in held)) checksums.set(length, crc.toString())
  return crc.toString()
}

function answer(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' })
  response.end(JSON.stringify(body))
}

function notFound(response: ServerResponse): void {
  answer(response, { error: { code: 404, message: 'notFound', errors: [] } }, 404)
}

function store(name: string, held: Held, given: Readonly<Record<string, unknown>>): Stored {
  generations += 1
  const time = new Date().toISOString()
  const resource = {
    ...{ kind: 'storage#object', name, bucket, metageneration: '1' },
    ...{ generation: String(generations), timeCreated: time, updated: time },
    contentType: given['contentType'] ?? 'application/octet-stream',
    size: String(sizeOf(held)),
    crc32c: checksumOf(held),
    metadata: given['metadata'],
  }
  const stored = { held, resource }
  objects.set(name, stored)
  return stored
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('latin1')
}

async function openSession(url: URL, request: IncomingMessage, response: ServerResponse) {
  const text = await textOf(request)
  const given = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  const id = randomUUID()
  const name = url.searchParams.get('name') ?? ''
  sessions.set(id, { name, given, receiver: createReceiver() })
  const location = `${url.origin}/upload/storage/v1/b/${bucket}/o?uploadType=resumable&upload_id=${id}`
  response.writeHead(200, { location, 'content-length': '0' }).end()
}

async function putSession(id: string, request: IncomingMessage, response: ServerResponse) {
  const session = sessions.get(id)
  if (session === undefined) return notFound(response)
  const { name, given, receiver } = session
  for await (const chunk of request) receiver.take(chunk as Buffer)
  const [, last, total] = /-(\d+|\*)\/(\d+|\*)$/.exec(request.headers['content-range'] ?? '') ?? []
  if (last === '*' || (total !== '*' && Number(last) + 1 === Number(total))) {
    sessions.delete(id)
    return answer(response, store(name, receiver.finish(), given).resource)
  }
  response
    .writeHead(308, { range: `bytes=0-${receiver.length() - 1}`, 'content-length': '0' })
    .end()
}

/** A short one, in one request of two parts. */
async function putWhole(url: URL, request: IncomingMessage, response: ServerResponse) {
  const body = await textOf(request)
  const boundary = /boundary="?([^";]+)/.exec(request.headers['content-type'] ?? '')?.[1] ?? ''
  const parts = body.split(`--${boundary}`).slice(1, -1)
  const [json = '', media = ''] = parts.map((part) => part.slice(part.indexOf('\r\n\r\n') + 4, -2))
  const given = JSON.parse(Buffer.from(json, 'latin1').toString()) as Record<string, unknown>
  const name = url.searchParams.get('name') ?? String(given['name'])
  answer(response, store(name, { bytes: Buffer.from(media, 'latin1') }, given).resource)
}

function send({ held, resource }: Stored, request: IncomingMessage, response: ServerResponse) {
  const size = sizeOf(held)
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  const start = Number(match?.[1] ?? 0)
  const end = match?.[2] ? Number(match[2]) + 1 : size
  response.writeHead(match === null ? 200 : 206, {
    'content-length': String(end - start),
    'content-type': String(resource['contentType']),
    'x-goog-hash': `crc32c=${String(resource['crc32c'])}`,
    'x-goog-stored-content-encoding': 'identity',
    ...(match === null ? {} : { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
  })
  Readable.from(readHeld(held, start, end), { objectMode: false }).pipe(response)
}

async function serve(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET' } = request
  const session = url.searchParams.get('upload_id')
  if (session !== null) return putSession(session, request, response)
  if (url.pathname.startsWith('/upload/')) {
    const isLong = url.searchParams.get('uploadType') === 'resumable'
    return isLong ? openSession(url, request, response) : putWhole(url, request, response)
  }
  const rest = url.pathname.slice(`/storage/v1/b/${bucket}/o/`.length)
  const [from = '', to] = rest.split(`/rewriteTo/b/${bucket}/o/`).map(decodeURIComponent)
  const found = objects.get(from)
  if (found === undefined) return notFound(response)
  if (to !== undefined) {
    const given = JSON.parse(await textOf(request)) as Record<string, unknown>
    const { resource } = store(to, found.held, given)
    const bytes = resource['size']
    const told = { totalBytesRewritten: bytes, objectSize: bytes, done: true, resource }
    return answer(response, { kind: 'storage#rewriteResponse', ...told })
  }
  if (method === 'DELETE') {
    objects.delete(from)
    return void response.writeHead(204).end()
  }
  if (url.searchParams.get('alt') === 'media') return send(found, request, response)
  answer(response, found.resource)
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', `http://${request.headers.host}`)
  serve(url, request, response).catch(() => response.destroy())
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit())
