import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { listenOnLoopback, readBody } from '../loopback.js'
import { createPointNames } from './points.js'
import { realTime } from '../real-time.js'

/** A proxy in front of the server that names every point at which something passes. */
export interface ChaosProxy {
  /** Where the host connects. */
  readonly url: string
  /** The points that were passed, in order. */
  readonly points: readonly string[]
  /** Sessions that were made or named, with the headers and the query of a request that named them. */
  readonly sessions: ReadonlyMap<string, SessionAccess>
  /** When something that may change the server was last asked for, in milliseconds. */
  readonly changedAt: number
  close(): Promise<void>
}

/** How to ask for a session as the host does. */
export interface SessionAccess {
  readonly headers: Readonly<Record<string, string>>
  /** Begins with `?`; empty when there is none. */
  readonly query: string
}

export interface ChaosProxyOptions {
  /** Base URL of the server. */
  readonly target: string
  /** Called at every point; true cuts the host off there: what was on its way is not passed on. */
  readonly onPoint: (point: string) => boolean
}

const sessionPattern = /\bses_\w+/u

/** Starts one. */
export async function startChaosProxy({ target, onPoint }: ChaosProxyOptions): Promise<ChaosProxy> {
  const base = new URL(target)
  const send = base.protocol === 'https:' ? httpsRequest : httpRequest
  const points: string[] = []
  const sessions = new Map<string, SessionAccess>()
  const nameFor = createPointNames()
  let changedAt = realTime.now()

  const isCutAt = (point: string): boolean => {
    points.push(point)
    return onPoint(point)
  }

  const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = incoming.url ?? '/'
    const method = incoming.method ?? 'GET'
    const body = await readBody(incoming)
    if (method !== 'GET') changedAt = realTime.now()
    learn(path, incoming)
    const name = nameFor.request(method, path)
    if (isCutAt(`${name} before it is answered`)) {
      response.destroy()
      return
    }
    const upstream = send(
      {
        agent: false,
        hostname: base.hostname,
        port: base.port,
        method,
        path: base.pathname.replace(/\/$/u, '') + path,
        headers: { ...incoming.headers, host: base.host },
      },
      (answer) => {
        const isStream = String(answer.headers['content-type'] ?? '').includes('text/event-stream')
        if (isStream) passStream(answer, response, name)
        else passAnswer(answer, response, name, incoming)
      },
    )
    upstream.on('error', () => response.destroy())
    response.on('close', () => upstream.destroy())
    upstream.end(body)
  }

  const learn = (
    path: string,
    incoming: IncomingMessage,
    id = sessionPattern.exec(path)?.[0],
  ): void => {
    if (id === undefined) return
    const headers: Record<string, string> = {}
    for (const name of ['authorization', 'x-opencode-directory']) {
      const value = incoming.headers[name]
      if (typeof value === 'string') headers[name] = value
    }
    const at = path.indexOf('?')
    sessions.set(id, { headers, query: at < 0 ? '' : path.slice(at) })
  }

  const passAnswer = (
    answer: IncomingMessage,
    response: ServerResponse,
    name: string,
    incoming: IncomingMessage,
  ): void => {
    const pieces: Buffer[] = []
    answer.on('data', (piece: Buffer) => pieces.push(piece))
    answer.on('error', () => response.destroy())
    answer.on('end', () => {
      const body = Buffer.concat(pieces)
      if (incoming.method === 'POST' && /\/session\/?(?:\?|$)/u.test(incoming.url ?? '')) {
        learn(incoming.url ?? '', incoming, sessionPattern.exec(body.toString('utf8'))?.[0])
      }
      if (isCutAt(`${name} after it is answered`)) {
        response.destroy()
        return
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      response.end(body)
    })
  }

  const passStream = (answer: IncomingMessage, response: ServerResponse, name: string): void => {
    const decoder = new TextDecoder()
    let rest = ''
    response.writeHead(answer.statusCode ?? 200, answer.headers)
    response.flushHeaders()
    answer.on('data', (piece: Buffer) => {
      rest += decoder.decode(piece, { stream: true })
      const frames = rest.split('\n\n')
      rest = frames.pop() ?? ''
      for (const frame of frames) {
        const point = nameFor.frame(frame)
        if (point !== null && !response.destroyed && isCutAt(`${name}, ${point}`))
          response.destroy()
        if (response.destroyed) return
        response.write(`${frame}\n\n`)
      }
    })
    answer.on('end', () => response.end())
    answer.on('error', () => response.destroy())
  }

  const server = await listenOnLoopback((incoming, response) => {
    pass(incoming, response).catch(() => response.destroy())
  })
  return {
    url: server.url,
    points,
    sessions,
    get changedAt() {
      return changedAt
    },
    close: () => server.close(),
  }
}
