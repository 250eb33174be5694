import { type Client, createClient } from '@turnstead/wire'
import type { AgentClient } from '../agent-client.js'

/** A client for one run, until it is released. */
export interface Connection {
  readonly client: AgentClient
  release(): void
}

/** Connects a run to its server. */
export type Connect = () => Promise<Connection>

/** A running server, as `startServer` of `@turnstead/wire/server` gives it. */
export interface ServerAddress {
  readonly url: string
  readonly username: string
  readonly password: string | null
  /** The directory that it works in. */
  readonly directory: string
}

/** Where the agent is: a client of the host's, which stays the host's to close, what gives one for each call, or a running server. */
export type AgentSource =
  | {
      /** About the directory that the agent works in. A function is called for each call, so that it may start a server first. */
      readonly client: AgentClient | (() => AgentClient | Promise<AgentClient>)
      readonly server?: undefined
    }
  | {
      readonly client?: undefined
      readonly server: ServerAddress
      /** Default: the server's. */
      readonly directory?: string
    }

/** @throws TypeError for what is neither. */
export function connectTo(source: AgentSource): Connect {
  const { client } = source
  if (client === undefined) {
    const { server } = source
    assertServer(server)
    const { directory = server.directory } = source
    return async () => openShared(server, directory)
  }
  if (typeof client !== 'function') assertClient(client)
  if ((source as { readonly directory?: unknown }).directory !== undefined) {
    throw new TypeError('`directory` goes with `server`; a client has a directory of its own')
  }
  const give = typeof client === 'function' ? client : () => client
  return async () => ({ client: await give(), release: () => undefined })
}

/** @throws TypeError for an address alone, and whatever else is no server. */
export function assertServer(server: ServerAddress): void {
  const { directory, url } = (server ?? {}) as Partial<ServerAddress>
  if (typeof url === 'string' && typeof directory === 'string') return
  throw new TypeError(
    '`server` is what `startServer` gives, or `{ url, username, password, directory }`; for an address alone there is `client: createClient({ baseUrl })`',
  )
}

function assertClient(client: AgentClient): void {
  const { prompt, session } = (client ?? {}) as Partial<AgentClient>
  if (typeof session === 'object' && typeof prompt === 'object') return
  const isPromise = typeof (client as { readonly then?: unknown } | null)?.then === 'function'
  const hint = isPromise ? ': it is a promise, so await it, or give a function' : ''
  throw new TypeError(
    `\`client\` is what \`createClient\` of @turnstead/wire gives, or a function${hint}`,
  )
}

interface Shared {
  readonly client: Client
  users: number
}

const sharedClients = new WeakMap<ServerAddress, Map<string, Shared>>()

/** One client for all runs that are under way on a server's directory; without any it holds no connection. */
function openShared(server: ServerAddress, directory: string): Connection {
  const byDirectory = sharedClients.get(server) ?? new Map<string, Shared>()
  sharedClients.set(server, byDirectory)
  const { url: baseUrl, username, password } = server
  const shared = byDirectory.get(directory) ?? {
    client: createClient({ baseUrl, username, password, directory }),
    users: 0,
  }
  byDirectory.set(directory, shared)
  shared.users += 1
  return {
    client: shared.client,
    release() {
      shared.users -= 1
      if (shared.users > 0) return
      byDirectory.delete(directory)
      void shared.client.close()
    },
  }
}
