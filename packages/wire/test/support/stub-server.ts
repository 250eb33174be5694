import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A request as the stub received it, with its body read. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A loopback server of one purpose: every test says what it answers. */
export interface StubServer {
  readonly url: string
  readonly seen: SeenRequest[]
  /** Sockets that are open now. */
  readonly openSockets: () => number
  /** Resolves as soon as `condition` holds. */
  readonly until: (condition: () => boolean) => Promise<void>
  readonly close: () => Promise<void>
}

export type Handler = (request: SeenRequest, response: ServerResponse) => void

export async function startStub(handler: Handler): Promise<StubServer> {
  const sockets = new Set<Socket>()
  const seen: SeenRequest[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const entry = { method, url, headers, body: Buffer.concat(chunks).toString() }
      seen.push(entry)
      handler(entry, response)
    })
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    openSockets: () => sockets.size,
    until: async (condition) => {
      const deadline = Date.now() + 5000
      while (!condition()) {
        if (Date.now() > deadline) throw new Error(`never: ${condition.toString()}`)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

/** A refusal in the server's own words. */
export function sendRefusal(response: ServerResponse, status: number, message = 'no'): void {
  const challenge = status === 401 ? { 'www-authenticate': 'Basic realm="Secure Area"' } : {}
  response.writeHead(status, { 'content-type': 'application/json', ...challenge })
  response.end(JSON.stringify({ name: 'Refusal', data: { message } }))
}

/** A web page, as proxies, tunnels and firewalls answer. */
export function sendPage(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/html' }).end('<!doctype html><p>Not here')
}

/** A message as `GET …/message/{messageID}` answers it. */
export const storedMessage = {
  info: { id: 'msg_1', sessionID: 'ses_1', role: 'user' },
  parts: [],
}

/** The server's side of an event stream. */
export interface StubStream {
  readonly send: (event: unknown) => void
  readonly write: (text: string) => void
  readonly end: () => void
  readonly reset: () => void
}

export function openStream(response: ServerResponse, connected = true): StubStream {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()
  const stream: StubStream = {
    send: (event) => void response.write(`data: ${JSON.stringify(event)}\n\n`),
    write: (text) => void response.write(text),
    end: () => void response.end(),
    reset: () => void response.socket?.resetAndDestroy(),
  }
  if (connected) stream.send(makeEvent('server.connected', {}))
  return stream
}

let lastEvent = 0

/** An event in the server's envelope, with the session first, as the server writes it. */
export function makeEvent(
  type: string,
  properties: Record<string, unknown>,
): Record<string, unknown> {
  lastEvent += 1
  return { id: `evt_${String(lastEvent).padStart(6, '0')}`, type, properties }
}
