import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** The way to a database, which a test can close. */
export interface DatabaseProxy {
  /** The address of the database, by this way. */
  readonly url: string
  /** Ends all connections and takes none. */
  refuse(): void
  /** Nothing comes through, and no connection ends. */
  hang(): void
  pass(): void
  close(): void
}

export async function startDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let mode: 'refuse' | 'hang' | 'pass' = 'pass'
  const join = (from: Socket, to: Socket): void => {
    sockets.add(from)
    from.on('data', (data) => void (to.write(data) || from.pause()))
    to.on('drain', () => void (mode !== 'hang' && from.resume()))
    from.on('error', () => to.destroy())
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
    if (mode === 'hang') from.pause()
  }
  const server = createServer((socket) => {
    if (mode === 'refuse') return void socket.destroy()
    const database = connect(Number(target.port) || 5432, target.hostname)
    join(socket, database)
    join(database, socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)

  const set = (next: typeof mode, act: (socket: Socket) => unknown): void => {
    mode = next
    for (const socket of [...sockets]) act(socket)
  }
  return {
    url: url.href,
    refuse: () => set('refuse', (socket) => socket.destroy()),
    hang: () => set('hang', (socket) => socket.pause()),
    pass: () => set('pass', (socket) => socket.resume()),
    close() {
      set('refuse', (socket) => socket.destroy())
      server.close()
    },
  }
}
