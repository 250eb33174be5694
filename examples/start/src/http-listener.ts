import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StartError } from './start-error.js'

/** A port that is taken at once and served from when the application is ready. */
export interface HttpListener {
  readonly url: string
  /** Only this machine can reach it. */
  readonly isLoopback: boolean
  serve(listener: RequestListener): void
  close(): Promise<void>
}

export interface ListenOptions {
  readonly host: string
  readonly port: number
}

export async function listen({ host, port }: ListenOptions): Promise<HttpListener> {
  let serve: RequestListener = (_request, response) => {
    response.writeHead(503, { 'retry-after': '1' }).end('Starting.')
  }
  const server = createServer((request, response) => serve(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new StartError(whyNot(error, host, port), { cause: error })),
    )
    server.listen(port, host, resolve)
  })
  const { port: takenPort } = server.address() as AddressInfo
  const isLoopback = host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${takenPort}`,
    isLoopback,
    serve(listener) {
      serve = listener
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        // Event streams would otherwise stay open until their readers leave.
        server.closeAllConnections()
      }),
  }
}

function whyNot(error: Error, host: string, port: number): string {
  const code = 'code' in error ? error.code : null
  if (code === 'EADDRINUSE') {
    return `Port ${port} is taken: stop what listens there, or choose another with PORT.`
  }
  if (code === 'EACCES')
    return `Port ${port} is not allowed for this user: choose another with PORT.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `HOST ${host} is not an address of this machine.`
  }
  return `Cannot listen on ${host}:${port}: ${error.message}.`
}
