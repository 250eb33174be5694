import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** One bucket that speaks the part of S3's protocol that a store needs: objects, parts, conditions, ranges, pages. Else 501. */
export interface S3Server {
  readonly url: string
  names(): string[]
  /** Multipart uploads that are neither completed nor aborted. */
  openUploads(): number
  /** Decides for each request whether it goes wrong. */
  faultAt: (method: string, url: URL) => 'lose-answer' | 503 | null
  close(): Promise<void>
}

interface Held {
  readonly bytes: Buffer
  readonly etag: string
}

const pageSize = 100

export async function startS3Server(bucket: string): Promise<S3Server> {
  const objects = new Map<string, Held>()
  const uploads = new Map<string, Map<number, Buffer>>()

  const refuse = (response: ServerResponse, status: number, code: string): void => {
    response.writeHead(status, { 'content-type': 'application/xml' })
    response.end(
      `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
    )
  }
  const xml = (response: ServerResponse, text: string): void => {
    response.writeHead(200, { 'content-type': 'application/xml' })
    response.end(`<?xml version="1.0"?>${text}`)
  }
  const etagOf = (bytes: Buffer): string => `"${createHash('md5').update(bytes).digest('hex')}"`

  function store(key: string, bytes: Buffer, request: IncomingMessage, response: ServerResponse) {
    if (request.headers['if-none-match'] === '*' && objects.has(key)) {
      return refuse(response, 412, 'PreconditionFailed')
    }
    const etag = etagOf(bytes)
    objects.set(key, { bytes, etag })
    response.writeHead(200, { etag, 'content-length': '0' }).end()
  }

  function send(key: string, url: URL, request: IncomingMessage, response: ServerResponse): void {
    const held = objects.get(key)
    if (held === undefined) return refuse(response, 404, 'NoSuchKey')
    const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    const { length } = held.bytes
    const [start, end] = match ? [Number(match[1]), Number(match[2])] : [0, length - 1]
    if (match !== null && start >= length) return refuse(response, 416, 'InvalidRange')
    const bytes = held.bytes.subarray(start, end + 1)
    const { searchParams: query } = url
    response.writeHead(match ? 206 : 200, {
      etag: held.etag,
      'content-length': String(bytes.length),
      'content-type': query.get('response-content-type') ?? 'application/octet-stream',
      ...(match && { 'content-range': `bytes ${start}-${end}/${length}` }),
      ...(query.has('response-content-disposition') && {
        'content-disposition': query.get('response-content-disposition') ?? '',
      }),
    })
    response.end(bytes)
  }

  function list(query: URLSearchParams, response: ServerResponse): void {
    const prefix = query.get('prefix') ?? ''
    const after = query.get('continuation-token') ?? query.get('start-after') ?? ''
    const found = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort()
    const page = found.slice(0, pageSize)
    const contents = page.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('')
    const next = `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>`
    const isMore = found.length > page.length
    xml(
      response,
      `<ListBucketResult><IsTruncated>${isMore}</IsTruncated>${isMore ? next : ''}${contents}</ListBucketResult>`,
    )
  }

  function serve(url: URL, body: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const { searchParams: query } = url
    const key = decodeURIComponent(url.pathname.slice(bucket.length + 2))
    const id = query.get('uploadId') ?? ''
    const parts = uploads.get(id)
    switch (
      `${request.method} ${key === '' ? 'bucket' : query.has('uploads') ? 'uploads' : id === '' ? 'object' : 'upload'}`
    ) {
      case 'GET bucket':
        return list(query, response)
      case 'GET object':
        return send(key, url, request, response)
      case 'PUT object':
        return store(key, body, request, response)
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
        if (parts === undefined) return refuse(response, 404, 'NoSuchUpload')
        parts.set(Number(query.get('partNumber')), body)
        return void response.writeHead(200, { etag: etagOf(body), 'content-length': '0' }).end()
      case 'POST upload': {
        if (parts === undefined) return refuse(response, 404, 'NoSuchUpload')
        uploads.delete(id)
        const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)</g)].map(([, n]) =>
          Number(n),
        )
        const bytes = Buffer.concat(numbers.map((number) => parts.get(number) ?? Buffer.alloc(0)))
        const etag = etagOf(bytes)
        objects.set(key, { bytes, etag })
        const result = `<Bucket>${bucket}</Bucket><Key>${key}</Key><ETag>${etag}</ETag>`
        return xml(
          response,
          `<CompleteMultipartUploadResult>${result}</CompleteMultipartUploadResult>`,
        )
      }
      case 'DELETE upload':
        uploads.delete(id)
        return void response.writeHead(204).end()
      default:
        return refuse(response, 501, 'NotImplemented')
    }
  }

  const http = createServer((request, response) => {
    const url = new URL(request.url ?? '/', server.url)
    const fault = server.faultAt(request.method ?? '', url)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => {})
    request.on('end', () => {
      const sent = Buffer.concat(chunks)
      const isChunked = String(request.headers['x-amz-content-sha256']).startsWith('STREAMING-')
      if (fault === 503) return refuse(response, 503, 'SlowDown')
      if (fault === 'lose-answer') response.writeHead = () => (request.socket.destroy(), response)
      serve(url, isChunked ? withoutFrames(sent) : sent, request, response)
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const address = http.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const server: S3Server = {
    url: `http://127.0.0.1:${port}`,
    names: () => [...objects.keys()].sort(),
    openUploads: () => uploads.size,
    faultAt: () => null,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
  return server
}

/** The official client sends its bytes in frames with a checksum at the end. */
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
