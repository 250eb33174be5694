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
  /** Whether nothing passes from now on, while connections stay open, as when a network fails in silence. */
  stall(isStalling: boolean): void
  /** Whether new connections are refused from now on. */
  refuse(isRefusing: boolean): void
  close(): Promise<void>
}

const ports: Readonly<Record<string, number>> = { 'mysql:': 3306, 'redis:': 6379 }

export async function startCuttingProxy(databaseUrl: string): Promise<CuttingProxy> {
  const target = new URL(databaseUrl)
  const defaultPort = ports[target.protocol] ?? 5432
  const clients = new Set<Socket>()
  const upstreams = new Map<Socket, Socket>()
  let isRefusing = false
  let isStalling = false
  const join = (client: Socket, upstream: Socket): void => {
    if (isStalling) {
      client.unpipe(upstream)
      upstream.unpipe(client)
    } else client.pipe(upstream).pipe(client)
  }
  const server = createServer((client) => {
    if (isRefusing) {
      client.resetAndDestroy()
      return
    }
    const upstream = connect(Number(target.port || defaultPort), target.hostname)
    clients.add(client)
    upstreams.set(client, upstream)
    client
      .on('error', () => undefined)
      .on('close', () => {
        clients.delete(client)
        upstreams.delete(client)
        upstream.destroy()
      })
    upstream.on('error', () => undefined).on('close', () => client.destroy())
    join(client, upstream)
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
    stall: (isStalled) => {
      isStalling = isStalled
      for (const [client, upstream] of upstreams) join(client, upstream)
    },
    refuse: (isRefused) => {
      isRefusing = isRefused
    },
    close: async () => {
      cut('reset')
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
