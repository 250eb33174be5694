import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { writeFile } from 'node:fs/promises'
import { listenOnLoopback, readBody } from '../loopback.js'
import type { CassetteLine } from './cassette.js'
import { createRedactor } from './redact.js'
import { realTime } from '../real-time.js'

/** Options of {@link record}. */
export interface RecordOptions {
  /** Base URL of the real server. */
  readonly target: string
  /** Name of the recording. Default `recording`. */
  readonly name?: string
  /** What it is about. */
  readonly about?: string
  /** Headers that the proxy adds, such as credentials; they are not recorded. */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Texts that must not appear in the recording, such as passwords and keys; of 4 characters or more. One that a model
   * streams in pieces, over several frames, is not found.
   */
  readonly secrets?: readonly string[]
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number
}

/** A proxy that writes down everything that passes. */
export interface Recorder {
  /** Where the client under observation connects. */
  readonly url: string
  /** Everything so far, one JSON object a line, without secrets and machine paths. */
  text(): string
  /** Writes {@link Recorder.text} into a file. */
  save(path: string): Promise<void>
  /** Adds a remark. */
  note(text: string): void
  /** Ends it. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a proxy in front of a real server that makes a cassette of what passes. */
export async function record(options: RecordOptions): Promise<Recorder> {
  const target = new URL(options.target)
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest
  const started = realTime.now()
  const redactor = createRedactor(options.secrets ?? [])
  const lines: CassetteLine[] = []
  let requests = 0
  let streams = 0
  let closing: Promise<void> | null = null
  const add = (dir: CassetteLine['dir'], fields: Record<string, unknown>): void => {
    lines.push({ t: Math.round((realTime.now() - started) * 10) / 10, dir, ...fields })
  }
  add('meta', { scenario: options.name ?? 'recording', about: options.about ?? '' })

  const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = incoming.url ?? '/'
    learn(redactor, path, incoming)
    const body = await readBody(incoming)
    const headers: Record<string, string | string[] | undefined> = {
      ...incoming.headers,
      ...options.headers,
      host: target.host,
    }
    const upstream = send(
      {
        // A connection each, so that none is kept open to the target.
        agent: false,
        hostname: target.hostname,
        port: target.port,
        method: incoming.method,
        path: target.pathname.replace(/\/$/u, '') + path,
        headers,
      },
      (answer) => {
        const isStream = String(answer.headers['content-type'] ?? '').includes('text/event-stream')
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        if (isStream) passStream(answer, response, path)
        else passAnswer(answer, response, number)
      },
    )
    const number = wantsStream(incoming) ? 0 : writeRequest(incoming, path, body)
    upstream.on('error', () => response.destroy())
    response.on('close', () => upstream.destroy())
    upstream.end(body)
  }

  const writeRequest = (incoming: IncomingMessage, path: string, body: Buffer): number => {
    requests += 1
    const type = incoming.headers['content-type']
    add('req', {
      n: requests,
      method: incoming.method,
      path,
      headers: type === undefined ? {} : { 'content-type': type },
      ...bodyFields(body, 'raw'),
    })
    return requests
  }

  const passAnswer = (answer: IncomingMessage, response: ServerResponse, number: number): void => {
    const pieces: Buffer[] = []
    answer.on('data', (piece: Buffer) => {
      pieces.push(piece)
      response.write(piece)
    })
    answer.on('end', () => {
      add('res', {
        n: number,
        status: answer.statusCode,
        headers: redactor.headers(answer.headers),
        ...bodyFields(Buffer.concat(pieces), 'text'),
      })
      response.end()
    })
    answer.on('error', () => response.destroy())
  }

  const passStream = (answer: IncomingMessage, response: ServerResponse, path: string): void => {
    streams += 1
    const stream = streams === 1 ? 'event' : `event${streams}`
    add('sse-open', {
      stream,
      path,
      status: answer.statusCode,
      headers: redactor.headers(answer.headers),
    })
    const decoder = new TextDecoder()
    let rest = ''
    response.flushHeaders()
    answer.on('data', (piece: Buffer) => {
      rest += decoder.decode(piece, { stream: true })
      const frames = rest.split('\n\n')
      rest = frames.pop() ?? ''
      for (const frame of frames) add('sse', { stream, raw: `${frame}\n\n` })
      response.write(piece)
    })
    answer.on('end', () => {
      add('sse-close', { stream, why: 'end' })
      response.end()
    })
    answer.on('error', () => response.destroy())
    response.on('close', () => {
      if (!answer.readableEnded) add('sse-close', { stream, why: 'aborted' })
      answer.destroy()
    })
  }

  const server = await listenOnLoopback((incoming, response) => {
    pass(incoming, response).catch(() => response.destroy())
  }, options.port)
  const text = (): string =>
    lines.map((line) => `${redactor.text(JSON.stringify(line))}\n`).join('')
  const close = (): Promise<void> => (closing ??= server.close())
  return {
    url: server.url,
    text,
    save: (path) => writeFile(path, text()),
    note: (remark) => add('note', { text: remark }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function learn(
  redactor: ReturnType<typeof createRedactor>,
  target: string,
  incoming: IncomingMessage,
): void {
  const query = new URL(target, 'http://proxy').searchParams
  const given = incoming.headers['x-opencode-directory']
  const header = typeof given === 'string' ? decodeHeader(given) : null
  for (const path of [query.get('directory'), query.get('location[directory]'), header]) {
    if (path !== null) redactor.learnDirectory(path)
  }
}

/** The header may be percent-encoded, or hold a bare percent sign. */
function decodeHeader(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

function wantsStream(incoming: IncomingMessage): boolean {
  const path = (incoming.url ?? '').split('?')[0] ?? ''
  return incoming.method === 'GET' && /^(\/global|\/api)?\/event$/u.test(path)
}

function bodyFields(body: Buffer, otherwise: 'raw' | 'text'): Record<string, unknown> {
  if (body.length === 0) return {}
  const text = body.toString('utf8')
  try {
    return { body: JSON.parse(text) }
  } catch {
    return { [otherwise]: text }
  }
}
