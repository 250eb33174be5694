import { createHash, createVerify, randomUUID, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { CRC32C } from '@google-cloud/storage'

/** One object of the bucket, and what the service says of it. */
interface Held {
  readonly bytes: Buffer
  readonly resource: Readonly<Record<string, unknown>>
}

interface Session {
  readonly name: string
  readonly query: URLSearchParams
  readonly resource: Readonly<Record<string, unknown>>
  bytes: Buffer
}

/** What goes wrong with a request: an answer instead, or one that is kept from arriving whole. */
export type GcsFault =
  | { readonly status: number }
  | 'hang-up'
  | 'lose-answer'
  | 'truncate'
  | 'end-early'
  | 'corrupt'
  | 'corrupt-upload'
  | 'keep-half'
  | 'hang'

/** A request, in short: `POST upload multipart`, `PUT session`, `GET object`, `GET bytes`, `GET list`, `POST rewrite` … */
export interface GcsRequest {
  readonly kind: string
  readonly url: URL
  readonly range: string | undefined
}

/**
 * The JSON API of Google Cloud Storage as its reference describes it, for one bucket with uniform access: simple, resumable and
 * chunked uploads, preconditions, checksums, ranges, pages, rewrites, V4 signed URLs. What it does not know is 501.
 */
export interface GcsServer {
  readonly url: string
  readonly requests: GcsRequest[]
  /** Names of the objects. */
  names(): string[]
  /** Upload sessions that are neither finished nor cancelled. */
  openSessions(): number
  /** Decides for each request whether it goes wrong. */
  faultAt: (request: GcsRequest) => GcsFault | null
  /** For `timeCreated`. */
  now: () => number
  close(): Promise<void>
}

const quantum = 262_144

export async function startGcsServer(bucket: string, publicKey?: KeyObject): Promise<GcsServer> {
  const objects = new Map<string, Held>()
  const sessions = new Map<string, Session>()
  let generations = 1_700_000_000_000_000

  function crcOf(bytes: Buffer): string {
    const crc = new CRC32C()
    crc.update(bytes)
    return crc.toString()
  }

  function refuse(response: ServerResponse, code: number, reason: string): void {
    const error = { code, message: reason, errors: [{ domain: 'global', reason, message: reason }] }
    response.writeHead(code, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ error }))
  }

  function answer(response: ServerResponse, body: unknown): void {
    response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' })
    response.end(JSON.stringify(body))
  }

  /** The reason for a refusal, if the object is not of the generation that the request names. */
  function isStale(name: string, query: URLSearchParams): boolean {
    const wanted = query.get('ifGenerationMatch')
    if (wanted === null) return false
    return wanted !== String(objects.get(name)?.resource['generation'] ?? 0)
  }

  function store(
    response: ServerResponse,
    name: string,
    query: URLSearchParams,
    given: Readonly<Record<string, unknown>>,
    bytes: Buffer,
  ): void {
    if (isStale(name, query)) return refuse(response, 412, 'conditionNotMet')
    const crc32c = crcOf(bytes)
    if (given['crc32c'] !== undefined && given['crc32c'] !== crc32c) {
      return refuse(response, 400, 'invalid')
    }
    const notes = Object.entries({ ...(given['metadata'] as Record<string, string> | undefined) })
    const noteBytes = notes.reduce(
      (sum, [n, v]) => sum + Buffer.byteLength(n) + Buffer.byteLength(v),
      0,
    )
    if (noteBytes > 8192) return refuse(response, 400, 'metadataTooLarge')
    if (notes.some(([, value]) => typeof value !== 'string'))
      return refuse(response, 400, 'invalid')
    if ('predefinedAcl' in Object.fromEntries(query) || 'acl' in given) {
      return refuse(response, 400, 'invalid')
    }
    generations += 1
    const time = new Date(server.now()).toISOString()
    const resource = {
      kind: 'storage#object',
      ...{ name, bucket, generation: String(generations), metageneration: '1' },
      contentType: given['contentType'] ?? 'application/octet-stream',
      ...{ timeCreated: time, updated: time, storageClass: 'STANDARD' },
      size: String(bytes.byteLength),
      md5Hash: createHash('md5').update(bytes).digest('base64'),
      crc32c,
      ...(notes.length === 0 ? {} : { metadata: Object.fromEntries(notes) }),
    }
    objects.set(name, { bytes, resource })
    answer(response, resource)
  }

  function uploadWhole(
    url: URL,
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): void {
    const boundary = /boundary="?([^";]+)/.exec(request.headers['content-type'] ?? '')?.[1] ?? ''
    const parts = body.toString('latin1').split(`--${boundary}`).slice(1, -1)
    const [json = '', media = ''] = parts.map((part) =>
      part.slice(part.indexOf('\r\n\r\n') + 4, -2),
    )
    const resource = JSON.parse(Buffer.from(json, 'latin1').toString()) as Record<string, unknown>
    const name = url.searchParams.get('name') ?? String(resource['name'])
    store(response, name, url.searchParams, resource, Buffer.from(media, 'latin1'))
  }

  function openSession(url: URL, body: Buffer, response: ServerResponse): void {
    const name = url.searchParams.get('name') ?? ''
    if (isStale(name, url.searchParams)) return refuse(response, 412, 'conditionNotMet')
    const resource = (body.byteLength === 0 ? {} : JSON.parse(body.toString())) as Record<
      string,
      unknown
    >
    const id = randomUUID()
    sessions.set(id, { name, query: url.searchParams, resource, bytes: Buffer.alloc(0) })
    const location = `${server.url}/upload/storage/v1/b/${bucket}/o?uploadType=resumable&upload_id=${id}`
    response.writeHead(200, { location, 'content-length': '0' }).end()
  }

  function putSession(
    id: string,
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
    keepsHalf: boolean,
  ): void {
    const session = sessions.get(id)
    if (session === undefined) return refuse(response, 404, 'notFound')
    const range = request.headers['content-range'] ?? ''
    const match = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(range)
    if (match === null) return refuse(response, 400, 'badContentRange')
    const [, start, , total] = match
    if (start !== undefined) {
      const skipped = session.bytes.byteLength - Number(start)
      if (skipped < 0) return refuse(response, 503, 'backendError')
      let more = body.subarray(skipped)
      const isLast = match[2] === '*' || (total !== '*' && Number(match[2]) + 1 === Number(total))
      if (!isLast && body.byteLength % quantum !== 0) return refuse(response, 400, 'badChunk')
      if (keepsHalf) more = more.subarray(0, Math.floor(more.byteLength / 2 / quantum) * quantum)
      session.bytes = Buffer.concat([session.bytes, more])
      if (isLast && !keepsHalf) {
        sessions.delete(id)
        return store(response, session.name, session.query, session.resource, session.bytes)
      }
    }
    const kept = session.bytes.byteLength
    const headers = kept === 0 ? {} : { range: `bytes=0-${kept - 1}` }
    response.writeHead(308, { ...headers, 'content-length': '0' }).end()
  }

  function rewrite(
    from: string,
    to: string,
    url: URL,
    body: Buffer,
    response: ServerResponse,
  ): void {
    const held = objects.get(from)
    if (held === undefined) return refuse(response, 404, 'notFound')
    const wanted = url.searchParams.get('sourceGeneration')
    if (wanted !== null && wanted !== held.resource['generation'])
      return refuse(response, 404, 'notFound')
    const given = (body.byteLength === 0 ? {} : JSON.parse(body.toString())) as Record<
      string,
      unknown
    >
    const stored = { ...held.resource, ...given }
    const json = new Proxy(response, {
      get: (target, key) => {
        if (key !== 'end')
          return Reflect.get(target, key, target).bind?.(target) ?? Reflect.get(target, key, target)
        return (text: string) => {
          const resource = JSON.parse(text) as { size?: string }
          if (resource.size === undefined) return target.end(text)
          const { size } = resource
          return target.end(
            JSON.stringify({
              kind: 'storage#rewriteResponse',
              ...{ totalBytesRewritten: size, objectSize: size, done: true, resource },
            }),
          )
        }
      },
    })
    store(
      json,
      to,
      url.searchParams,
      { contentType: stored['contentType'], metadata: stored['metadata'] },
      held.bytes,
    )
  }

  function sendBytes(
    held: Held,
    request: IncomingMessage,
    response: ServerResponse,
    fault: GcsFault | null,
    more: Record<string, string> = {},
  ): void {
    const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    const size = held.bytes.byteLength
    const start = Number(match?.[1] ?? 0)
    const end = Math.min(size - 1, match?.[2] ? Number(match[2]) : size - 1)
    if (match !== null && start >= size)
      return refuse(response, 416, 'requestedRangeNotSatisfiable')
    const bytes = Buffer.from(held.bytes.subarray(start, end + 1))
    if (fault === 'corrupt' && bytes.byteLength > 0)
      bytes[bytes.byteLength >> 1] = (bytes[bytes.byteLength >> 1] ?? 0) ^ 1
    response.writeHead(match === null ? 200 : 206, {
      'content-type': String(held.resource['contentType']),
      ...(fault === 'end-early' ? {} : { 'content-length': String(bytes.byteLength) }),
      ...(match === null ? {} : { 'content-range': `bytes ${start}-${end}/${size}` }),
      'x-goog-hash': `crc32c=${String(held.resource['crc32c'])},md5=${String(held.resource['md5Hash'])}`,
      'x-goog-generation': String(held.resource['generation']),
      'x-goog-stored-content-encoding': 'identity',
      ...more,
    })
    if (fault === 'end-early') return void response.end()
    if (fault !== 'truncate') return void response.end(bytes)
    response.write(bytes.subarray(0, bytes.byteLength >> 1), () => response.destroy())
  }

  function list(url: URL, response: ServerResponse): void {
    const { searchParams: query } = url
    const prefix = query.get('prefix') ?? ''
    const begin = query.get('pageToken') ?? query.get('startOffset') ?? ''
    const most = Math.min(1000, Number(query.get('maxResults') ?? 1000))
    const found = [...objects.keys()].filter((name) => name.startsWith(prefix) && name >= begin)
    found.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
    const nextPageToken = found[most]
    const items = found.slice(0, most).map((name) => objects.get(name)?.resource)
    answer(response, {
      kind: 'storage#objects',
      ...(items.length === 0 ? {} : { items }),
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
    })
  }

  /** V4: the signature of the canonical request by the account's key, and the time. */
  function isSigned(url: URL, request: IncomingMessage): boolean {
    const query = new URLSearchParams(url.search)
    const signature = Buffer.from(query.get('X-Goog-Signature') ?? '', 'hex')
    query.delete('X-Goog-Signature')
    const time = query.get('X-Goog-Date') ?? ''
    const encode = (text: string): string =>
      encodeURIComponent(text).replace(
        /[!'()*]/g,
        (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
      )
    const pairs = [...query].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort()
    const host = (request.headers.host ?? '').replace(/:\d+$/, '')
    const canonical = [
      'GET',
      url.pathname,
      pairs.join('&'),
      `host:${host}\n`,
      'host',
      'UNSIGNED-PAYLOAD',
    ]
    const scope = (query.get('X-Goog-Credential') ?? '').split('/').slice(1).join('/')
    const hash = createHash('sha256').update(canonical.join('\n')).digest('hex')
    const text = ['GOOG4-RSA-SHA256', time, scope, hash].join('\n')
    const begin = Date.parse(
      time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
    )
    const isInTime = server.now() <= begin + Number(query.get('X-Goog-Expires')) * 1000
    const isTrue =
      publicKey !== undefined &&
      createVerify('RSA-SHA256').update(text).verify(publicKey, signature)
    return isTrue && isInTime
  }

  function serve(
    request: IncomingMessage,
    url: URL,
    body: Buffer,
    response: ServerResponse,
    fault: GcsFault | null,
  ): void {
    const { method = 'GET' } = request
    const uploadId = url.searchParams.get('upload_id')
    if (uploadId !== null && method === 'DELETE') {
      sessions.delete(uploadId)
      return void response.writeHead(499).end()
    }
    if (uploadId !== null)
      return putSession(uploadId, request, body, response, fault === 'keep-half')
    if (url.pathname === `/upload/storage/v1/b/${bucket}/o` && method === 'POST') {
      if (url.searchParams.get('uploadType') === 'multipart')
        return uploadWhole(url, request, body, response)
      if (url.searchParams.get('uploadType') === 'resumable')
        return openSession(url, body, response)
    }
    if (url.pathname === `/storage/v1/b/${bucket}/o` && method === 'GET') return list(url, response)
    if (url.searchParams.has('X-Goog-Signature')) {
      if (!isSigned(url, request)) return refuse(response, 403, 'signatureDoesNotMatch')
      const held = objects.get(decodeURIComponent(url.pathname.slice(bucket.length + 2)))
      if (held === undefined) return refuse(response, 404, 'notFound')
      return sendBytes(held, request, response, fault, {
        'content-type': url.searchParams.get('response-content-type') ?? '',
        'content-disposition': url.searchParams.get('response-content-disposition') ?? '',
      })
    }
    const path = `/storage/v1/b/${bucket}/o/`
    const rest = url.pathname.startsWith(path) ? url.pathname.slice(path.length) : null
    if (rest === null) return refuse(response, 501, 'notSpoken')
    const [from = '', to] = rest.split(`/rewriteTo/b/${bucket}/o/`).map(decodeURIComponent)
    if (to !== undefined && method === 'POST') return rewrite(from, to, url, body, response)
    const held = objects.get(from)
    const wanted = url.searchParams.get('generation')
    if (held === undefined || (wanted !== null && wanted !== held.resource['generation'])) {
      return refuse(response, 404, 'notFound')
    }
    if (method === 'DELETE') {
      if (isStale(from, url.searchParams)) return refuse(response, 412, 'conditionNotMet')
      objects.delete(from)
      return void response.writeHead(204).end()
    }
    if (method !== 'GET') return refuse(response, 501, 'notSpoken')
    if (url.searchParams.get('alt') === 'media') return sendBytes(held, request, response, fault)
    answer(response, held.resource)
  }

  function kindOf(method: string, url: URL): string {
    if (url.searchParams.has('upload_id')) return `${method} session`
    if (url.pathname.startsWith('/upload/'))
      return `${method} upload ${url.searchParams.get('uploadType')}`
    if (url.pathname.includes('/rewriteTo/')) return `${method} rewrite`
    if (url.pathname.endsWith('/o')) return `${method} list`
    return `${method} ${url.searchParams.get('alt') === 'media' ? 'bytes' : 'object'}`
  }

  const http: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', server.url)
    const seen = {
      kind: kindOf(request.method ?? '', url),
      url,
      range: request.headers['content-range'],
    }
    server.requests.push(seen)
    const fault = server.faultAt(seen)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => {})
    request.on('end', () => {
      if (fault === 'hang') return
      if (fault === 'hang-up') return void request.socket.destroy()
      if (typeof fault === 'object' && fault !== null)
        return refuse(response, fault.status, 'fault')
      if (fault === 'lose-answer') response.writeHead = () => (request.socket.destroy(), response)
      const body = Buffer.concat(chunks)
      const at = body.byteLength - 100
      if (fault === 'corrupt-upload') body[at] = (body[at] ?? 0) ^ 1
      serve(request, url, body, response, fault)
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const address = http.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const server: GcsServer = {
    url: `http://127.0.0.1:${port}`,
    requests: [],
    names: () => [...objects.keys()].sort(),
    openSessions: () => sessions.size,
    faultAt: () => null,
    now: Date.now,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
  return server
}
