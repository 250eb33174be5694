import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StartError } from './start-error.js'

/** A port that is taken at once and served from when the application is ready. */
export interface HttpListener {
  readonly url: string
  /** Only this machine can reach it. */
  readonly isLoopback: boolean
  serve(listener: RequestListener): void
  /** @param options.graceMs - So long what is under way may take to end. Default: 0. */
  close(options?: { readonly graceMs?: number }): Promise<void>
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
  // Longer than proxies keep a connection: one that ends it here would meet what they send at that moment.
  server.keepAliveTimeout = 125_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new StartError(whyNot(error, host, port), { cause: error })),
    )
    server.listen(port, host, resolve)
  })
  const { port: takenPort } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${takenPort}`,
    isLoopback: isLoopback(host),
    serve(listener) {
      serve = listener
    },
    close: ({ graceMs = 0 } = {}) =>
      new Promise((resolve) => {
        // Event streams would otherwise stay open until their readers leave.
        const end = (): void => server.closeAllConnections()
        const timer = graceMs > 0 ? setTimeout(end, graceMs) : null
        server.close(() => {
          if (timer !== null) clearTimeout(timer)
          resolve()
        })
        if (timer === null) end()
        else server.closeIdleConnections()
      }),
  }
}

/** Only this machine can reach what listens on this host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
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
