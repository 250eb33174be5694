import { createServer, type Server, type ServerResponse, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

/** An HTTP server on a loopback port whose connections can all be cut. */
export interface Loopback {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string
  readonly port: number
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>
  /** Stops listening and cuts every connection. */
  close(): Promise<void>
}

/** Listens on `port` (0 takes a free one) of 127.0.0.1. */
export async function listenOnLoopback(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  port = 0,
  prepare?: (server: Server) => void,
): Promise<Loopback> {
  const sockets = new Set<Socket>()
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, handler)
  prepare?.(server)
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
  const address = server.address()
  const bound = typeof address === 'object' && address ? address.port : port
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    sockets,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** The whole body of a request. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}
