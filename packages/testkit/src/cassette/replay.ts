import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.js'
import { unfakedClock } from '../unfaked-clock.js'
import { TestkitError } from '../errors.js'
import { createJournal, type Journal } from '../journal.js'
import { listenOnLoopback, readBody } from '../loopback.js'
import { isWrite, parseCassette, type Cassette, type RecordedStream } from './cassette.js'
import { createReplayCursor, type ReplayCursor } from './replay-cursor.js'

/** Options of {@link replay}. */
export interface ReplayOptions {
  /** `instant` (default) sends what may be sent at once; `recorded` keeps the pauses between frames. */
  readonly pace?: 'instant' | 'recorded'
  /** Keeps the pauses. Default: the machine's clock. */
  readonly clock?: Clock
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number
}

/** A request that the replay got. */
export interface ReplayedRequest {
  readonly method: string
  /** Path with its query. */
  readonly path: string
  /** False when the recording holds no such request; it was answered 500. */
  readonly isRecorded: boolean
}

/** A server that plays a recording. */
export interface Replay {
  readonly url: string
  readonly journal: Journal<ReplayedRequest>
  /** Fails with `replay_mismatch` when a request came that is not in the recording, or a recorded write never came. */
  assertComplete(): void
  /** Ends it. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Serves a recorded transcript. Requests that change something are answered in their recorded order, each once; reads
 * are answered as often as they come, with what was true after the writes so far. A frame is sent once every write
 * that came before it in the recording has come.
 */
export async function replay(
  recording: string | Cassette,
  options: ReplayOptions = {},
): Promise<Replay> {
  const cassette = typeof recording === 'string' ? parseCassette(recording) : recording
  const journal = createJournal<ReplayedRequest>((entry) => `${entry.method} ${entry.path}`)
  const cursor = createReplayCursor(cassette)
  const stop = new AbortController()
  let closing: Promise<void> | null = null

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? 'GET'
    const path = request.url ?? '/'
    await readBody(request)
    const stream = cursor.openStream(method, path)
    const exchange = stream ? null : cursor.take(method, path)
    journal.push({ method, path, isRecorded: stream !== null || exchange !== null })
    if (stream) return playStream(stream, response, { ...options, cursor, stop: stop.signal })
    if (isWrite(method)) cursor.countWrite()
    if (!exchange) return refuse(response, cassette.name, method, path)
    // The client had hung up before there was an answer.
    if (exchange.status === null) return
    response.writeHead(exchange.status, exchange.headers)
    response.end(method === 'HEAD' ? '' : exchange.body)
  }

  const server = await listenOnLoopback((request, response) => {
    answer(request, response).catch(() => response.destroy())
  }, options.port)

  const end = async (): Promise<void> => {
    stop.abort()
    await server.close()
  }
  const close = (): Promise<void> => (closing ??= end())

  return {
    url: server.url,
    journal,
    assertComplete() {
      const unknown = journal.entries.find((entry) => !entry.isRecorded)
      if (unknown)
        throw mismatch(
          `The recording "${cassette.name}" holds no ${unknown.method} ${unknown.path}`,
        )
      const { missing } = cursor
      if (missing) throw mismatch(`${missing.method} ${missing.path} of the recording never came`)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function playStream(
  recorded: RecordedStream,
  response: ServerResponse,
  options: ReplayOptions & { readonly cursor: ReplayCursor; readonly stop: AbortSignal },
): Promise<void> {
  const { cursor, clock = unfakedClock } = options
  const gone = new AbortController()
  const signal = AbortSignal.any([gone.signal, options.stop])
  response.on('close', () => gone.abort())
  response.writeHead(recorded.status, recorded.headers)
  response.flushHeaders()
  let last = recorded.frames[0]?.t ?? 0
  for (const frame of recorded.frames) {
    await cursor.untilWrites(frame.writesBefore, signal)
    if (options.pace === 'recorded') await clock.sleep(Math.max(0, frame.t - last), { signal })
    last = frame.t
    response.write(frame.raw)
  }
  if (recorded.isEnded || recorded.status !== 200) response.end()
}

function refuse(response: ServerResponse, name: string, method: string, path: string): void {
  const message = `The recording "${name}" holds no ${method} ${path.split('?')[0]}`
  response.writeHead(500, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ name: 'ReplayMismatch', data: { message } }))
}

function mismatch(message: string): TestkitError {
  return new TestkitError('replay_mismatch', message)
}
