import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../clock.js'

const longestBody = 1_048_576

/** Whether a browser may have sent it: a page may send requests to this machine, but cannot leave these headers out. */
export function isOfPage({ headers }: IncomingMessage, server: Server): boolean {
  const { port } = server.address() as AddressInfo
  return headers.origin !== undefined || headers.host !== `127.0.0.1:${port}`
}

/**
 * No connection is closed for being idle: a call that is sent just then would be lost, since the server makes no call again. Nor after each
 * answer: the server then fails to connect, often (measured on 1.18.33).
 */
export const keptConnections: { readonly keepAliveTimeout: number } = { keepAliveTimeout: 0 }

const aliveMs = 60_000

/**
 * Begins an answer that may take long: its end is the end of the connection, also where this process is killed, and until the result is
 * called it says something each minute. The server gives up what is silent for five (measured on 1.18.33).
 */
export function beginLong(
  response: ServerResponse,
  {
    type,
    nothing,
    clock,
  }: { readonly type: string; readonly nothing: string; readonly clock: Clock },
): () => void {
  const over = new AbortController()
  response.useChunkedEncodingByDefault = false
  response.shouldKeepAlive = false
  response.writeHead(200, { 'content-type': type })
  response.flushHeaders()
  const talk = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(aliveMs, { signal: over.signal })
      response.write(nothing)
    }
  }
  void talk().catch(() => undefined)
  response.once('close', () => over.abort())
  return () => over.abort()
}

export function end(response: ServerResponse, status: number): void {
  response.writeHead(status).end()
}

export function endWith(
  response: ServerResponse,
  json: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(json)
}

const clientHeader = 'mcp-session-id'

/** The id of the client that sent the request; empty before it has one. */
export function clientOf({ headers }: IncomingMessage): string {
  return String(headers[clientHeader] ?? '')
}

/** Gives an id to a client that begins: each counts its requests from nought, and several may use one address. */
export function headersFor(method: string): Readonly<Record<string, string>> {
  return method === 'initialize' ? { [clientHeader]: randomUUID() } : {}
}

/** Null for one that is too long. */
export async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    const bytes = chunk as Buffer
    length += bytes.length
    if (length > longestBody) return null
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}
