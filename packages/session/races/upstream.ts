import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SessionUpstream, SweepUpstream, UpstreamSession } from '../src/index.js'

/** A server of sessions that lives longer than the workers that ask it. */
export interface SessionServer {
  readonly url: string
  /** What there is now. */
  readonly sessions: ReadonlyMap<string, UpstreamSession>
  /** How many were ever created. */
  readonly created: number
  close(): Promise<void>
}

export async function startSessionServer(): Promise<SessionServer> {
  const sessions = new Map<string, UpstreamSession>()
  let created = 0
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://upstream')
    const key = searchParams.get('key') ?? ''
    const send = (value: unknown): void => void response.end(JSON.stringify(value))
    if (request.method === 'POST') {
      created += 1
      const id = `ses_${process.pid}_${created}`
      sessions.set(id, { id, key, createdAt: Date.now() })
      return send({ id })
    }
    if (request.method === 'DELETE') return send(sessions.delete(pathname.slice(1)))
    return send([...sessions.values()])
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    sessions,
    get created() {
      return created
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The server as a store takes it; `before` is called before each request. */
export function upstreamAt(
  url: string,
  before: () => void = () => undefined,
): Required<SessionUpstream> & SweepUpstream {
  const ask = async (path: string, method = 'GET'): Promise<unknown> => {
    before()
    return await (await fetch(url + path, { method })).json()
  }
  const all = async (): Promise<readonly UpstreamSession[]> =>
    (await ask('/')) as readonly UpstreamSession[]
  return {
    create: async ({ key }) =>
      (await ask(`/?key=${encodeURIComponent(key)}`, 'POST')) as { readonly id: string },
    delete: async (id) => void (await ask(`/${id}`, 'DELETE')),
    abort: async () => undefined,
    find: async (key) => (await all()).find((session) => session.key === key) ?? null,
    list: async () => ({ sessions: await all(), isComplete: true }),
  }
}
