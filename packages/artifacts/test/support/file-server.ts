import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** A real server on a loopback port; errors of the listener are kept for the test. */
export interface FileServer {
  readonly url: string
  /** Resolves with the outcome of every request so far, in order. */
  readonly outcomes: Promise<unknown>[]
  readonly close: () => Promise<void>
}

export async function startFileServer(
  listener: (request: IncomingMessage, response: ServerResponse) => Promise<unknown>,
): Promise<FileServer> {
  const outcomes: Promise<unknown>[] = []
  const server = createServer((request, response) => {
    const outcome = listener(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500).end()
      return error
    })
    outcomes.push(outcome)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('There is no port.')
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${address.port}`, outcomes, close }
}
