import type { IncomingMessage, ServerResponse } from 'node:http'
import { systemClock, type Clock } from '../clock.js'
import { TestkitError } from '../errors.js'
import { createJournal, type Journal } from '../journal.js'
import { listenOnLoopback, readBody } from '../loopback.js'
import {
  isWrite,
  parseCassette,
  type Cassette,
  type RecordedExchange,
  type RecordedStream,
} from './cassette.js'

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
  const clock = options.clock ?? systemClock
  const journal = createJournal<ReplayedRequest>((entry) => `${entry.method} ${entry.path}`)
  const used = new Set<RecordedExchange>()
  const opened = new Set<RecordedStream>()
  const waiting = new Set<() => void>()
  const stop = new AbortController()
  let writes = 0
  let isClosed = false

  const untilWrites = async (count: number, signal: AbortSignal): Promise<void> => {
    while (writes < count) {
      await new Promise<void>((resolve, reject) => {
        const onAbort = (): void => reject(signal.reason)
        signal.addEventListener('abort', onAbort, { once: true })
        waiting.add(() => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        })
      })
    }
  }

  const stream = async (recorded: RecordedStream, response: ServerResponse): Promise<void> => {
    opened.add(recorded)
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    response.writeHead(recorded.status, recorded.headers)
    response.flushHeaders()
    let last = recorded.frames[0]?.t ?? 0
    for (const frame of recorded.frames) {
      await untilWrites(frame.writesBefore, AbortSignal.any([gone.signal, stop.signal]))
      if (options.pace === 'recorded')
        await clock.sleep(Math.max(0, frame.t - last), { signal: gone.signal })
      last = frame.t
      response.write(frame.raw)
    }
    if (recorded.isEnded || recorded.status !== 200) response.end()
  }

  const take = (method: string, path: string): RecordedExchange | null => {
    const same = cassette.exchanges.filter(
      (each) => each.method === method && isSamePath(each.path, path),
    )
    const next = same.find(
      (each) => !used.has(each) && (isWrite(method) || each.writesBefore <= writes),
    )
    const chosen =
      next ??
      (isWrite(method)
        ? undefined
        : (same.findLast((each) => each.writesBefore <= writes) ?? same[0]))
    if (!chosen) return null
    used.add(chosen)
    return chosen
  }

  /** The next stream of this path, unless a plain answer to it was recorded earlier and not given yet. */
  const nextStream = (method: string, path: string): RecordedStream | undefined => {
    if (method !== 'GET') return undefined
    const next = cassette.streams.find((each) => !opened.has(each) && isSamePath(each.path, path))
    const earlier = cassette.exchanges.some(
      (each) =>
        each.method === 'GET' &&
        !used.has(each) &&
        isSamePath(each.path, path) &&
        each.order < (next?.order ?? 0),
    )
    return earlier ? undefined : next
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? 'GET'
    const path = request.url ?? '/'
    await readBody(request)
    const recorded = nextStream(method, path)
    const exchange = recorded ? null : take(method, path)
    journal.push({ method, path, isRecorded: Boolean(recorded ?? exchange) })
    if (recorded) return stream(recorded, response)
    if (isWrite(method)) {
      writes += 1
      const wake = [...waiting]
      waiting.clear()
      for (const each of wake) each()
    }
    if (!exchange) {
      response.writeHead(500, { 'content-type': 'application/json' })
      const message = `The recording "${cassette.name}" holds no ${method} ${path.split('?')[0]}`
      response.end(JSON.stringify({ name: 'ReplayMismatch', data: { message } }))
      return
    }
    // The client had hung up before there was an answer.
    if (exchange.status === null) return
    response.writeHead(exchange.status, exchange.headers)
    response.end(method === 'HEAD' ? '' : exchange.body)
  }

  const server = await listenOnLoopback((request, response) => {
    answer(request, response).catch(() => response.destroy())
  }, options.port)

  const close = async (): Promise<void> => {
    if (isClosed) return
    isClosed = true
    stop.abort()
    await server.close()
  }

  return {
    url: server.url,
    journal,
    assertComplete() {
      const unknown = journal.entries.find((entry) => !entry.isRecorded)
      if (unknown) {
        throw new TestkitError(
          'replay_mismatch',
          `The recording "${cassette.name}" holds no ${unknown.method} ${unknown.path}`,
        )
      }
      const missing = cassette.exchanges.find((each) => isWrite(each.method) && !used.has(each))
      if (missing) {
        throw new TestkitError(
          'replay_mismatch',
          `${missing.method} ${missing.path} of the recording never came`,
        )
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The same path; query values are compared where both have them, so that another directory is no mismatch. */
function isSamePath(recorded: string, given: string): boolean {
  const one = new URL(recorded, 'http://replay')
  const other = new URL(given, 'http://replay')
  if (decode(one.pathname) !== decode(other.pathname)) return false
  for (const [name, value] of one.searchParams) {
    if (/directory/u.test(name)) continue
    if (other.searchParams.get(name) !== value) return false
  }
  return [...other.searchParams.keys()].every(
    (name) => /directory/u.test(name) || one.searchParams.has(name),
  )
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
