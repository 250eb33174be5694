import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** How a connection ends under its client. */
export type Cut = 'end' | 'reset'

/** A TCP proxy in front of a database, which ends connections as servers and poolers do: cleanly, or with a reset. */
export interface CuttingProxy {
  /** The database's address through the proxy. */
  readonly url: string
  /** Ends what is open. */
  cut(how: Cut): void
  /** Whether new connections are refused from now on. */
  refuse(isRefusing: boolean): void
  close(): Promise<void>
}

const ports: Readonly<Record<string, number>> = { 'mysql:': 3306, 'redis:': 6379 }

export async function startCuttingProxy(databaseUrl: string): Promise<CuttingProxy> {
  const target = new URL(databaseUrl)
  const defaultPort = ports[target.protocol] ?? 5432
  const clients = new Set<Socket>()
  let isRefusing = false
  const server = createServer((client) => {
    if (isRefusing) {
      client.resetAndDestroy()
      return
    }
    const upstream = connect(Number(target.port || defaultPort), target.hostname)
    clients.add(client)
    client
      .on('error', () => undefined)
      .on('close', () => {
        clients.delete(client)
        upstream.destroy()
      })
    upstream.on('error', () => undefined).on('close', () => client.destroy())
    client.pipe(upstream).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  const cut = (how: Cut): void => {
    for (const client of clients) {
      if (how === 'reset') client.resetAndDestroy()
      else client.end()
    }
  }
  return {
    url: url.href,
    cut,
    refuse: (isRefused) => {
      isRefusing = isRefused
    },
    close: async () => {
      cut('reset')
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
