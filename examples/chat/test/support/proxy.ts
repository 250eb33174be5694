import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A proxy before several web processes, as small as one can be: whoever does not take a connection is left out. */
export interface Proxy {
  readonly url: string
  /** Addresses of the processes, the preferred one first. */
  targets: readonly string[]
  close(): void
}

export async function startProxy(): Promise<Proxy> {
  const server = createServer((incoming, response) => void pass(incoming, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await incoming.toArray())
    for (const target of proxy.targets) {
      const { method, headers } = incoming
      const forwarded = request(`${target}${incoming.url ?? '/'}`, { method, headers })
      forwarded.end(body)
      const answer = await once(forwarded, 'response').then(
        ([answered]) => answered as IncomingMessage,
        (error: NodeJS.ErrnoException) => error,
      )
      if (!(answer instanceof Error)) {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.on('error', () => response.destroy())
        response.on('close', () => forwarded.destroy())
        return void answer.pipe(response)
      }
      // What was sent may have been done.
      if (answer.code !== 'ECONNREFUSED') return void response.destroy()
    }
    response.writeHead(502).end()
  }

  const proxy: Proxy = {
    url: `http://127.0.0.1:${port}`,
    targets: [],
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
  return proxy
}
