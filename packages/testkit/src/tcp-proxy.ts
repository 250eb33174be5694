import { createServer, connect, type Socket } from 'node:net'
import { realTime } from './real-time.js'

/** What goes wrong with the bytes of a connection. */
export interface TcpFaults {
  /** Milliseconds by which every piece is late. */
  readonly latencyMs?: number
  /** Bytes per second towards the client. */
  readonly bytesPerSecond?: number
  /** Reset the connection after so many bytes towards the client. */
  readonly resetAfterBytes?: number
  /** Pass nothing in either direction and close nothing, as when a machine has vanished. */
  readonly isHalfOpen?: boolean
  /** Refuse new connections by resetting them. */
  readonly isRefusing?: boolean
}

/** A TCP proxy that spoils connections. */
export interface TcpFaultProxy {
  readonly url: string
  readonly port: number
  /** Connections that are open now. */
  readonly connections: number
  /** Sets what goes wrong from now on, with open connections too. `{}` lets everything pass. */
  set(faults: TcpFaults): void
  /** Resets every open connection. */
  resetAll(): void
  /** Ends it. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a proxy on a free loopback port in front of `target` (a URL or `host:port`). */
export async function startTcpFaultProxy(
  target: string,
  initial: TcpFaults = {},
): Promise<TcpFaultProxy> {
  const address = new URL(target.includes('://') ? target : `tcp://${target}`)
  const pairs = new Set<readonly [Socket, Socket]>()
  let faults = initial

  const server = createServer((client) => {
    if (faults.isRefusing) return void client.resetAndDestroy()
    const upstream = connect(Number(address.port), address.hostname)
    const pair = [client, upstream] as const
    pairs.add(pair)
    let sent = 0
    const drop = (): void => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    const toClient = createPipe(client, () => faults)
    const toServer = createPipe(upstream, () => ({ ...faults, bytesPerSecond: Infinity }))
    upstream.on('data', (piece) => {
      const limit = faults.resetAfterBytes
      if (limit !== undefined && sent + piece.length >= limit) {
        toClient.write(piece.subarray(0, Math.max(0, limit - sent)))
        realTime.setImmediate(() => client.resetAndDestroy())
        return
      }
      sent += piece.length
      toClient.write(piece)
    })
    client.on('data', (piece) => toServer.write(piece))
    client.on('error', drop)
    client.on('close', drop)
    upstream.on('error', drop)
    upstream.on('close', () => {
      if (!faults.isHalfOpen) void toClient.finished().then(() => client.end())
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const bound = server.address()
  const port = typeof bound === 'object' && bound ? bound.port : 0
  let closing: Promise<void> | null = null
  const end = (): Promise<void> =>
    new Promise((resolve) => {
      for (const [client, upstream] of pairs) {
        client.destroy()
        upstream.destroy()
      }
      server.close(() => resolve())
    })
  const close = (): Promise<void> => (closing ??= end())
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    get connections() {
      return pairs.size
    },
    set: (next) => void (faults = next),
    resetAll: () => {
      for (const [client] of pairs) client.resetAndDestroy()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

interface Pipe {
  write(piece: Buffer): void
  /** Resolves when everything has been written. */
  finished(): Promise<void>
}

/** Writes pieces in their order, as late and as slowly as the faults of the moment say. */
function createPipe(socket: Socket, faults: () => TcpFaults): Pipe {
  let queue: Promise<void> = Promise.resolve()
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => realTime.setTimeout(resolve, ms).unref())
  const send = async (piece: Buffer): Promise<void> => {
    const { latencyMs, bytesPerSecond, isHalfOpen } = faults()
    if (isHalfOpen || socket.destroyed) return
    if (latencyMs !== undefined) await pause(latencyMs)
    if (bytesPerSecond === undefined || bytesPerSecond === Infinity) {
      socket.write(piece)
      return
    }
    const size = Math.max(1, Math.floor(bytesPerSecond / 50))
    for (let start = 0; start < piece.length && !socket.destroyed; start += size) {
      socket.write(piece.subarray(start, start + size))
      await pause(20)
    }
  }
  return {
    write(piece) {
      queue = queue.then(() => send(piece))
    },
    finished: () => queue,
  }
}
