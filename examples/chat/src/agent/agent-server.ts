import { mkdir } from 'node:fs/promises'
import { createClient, type Client } from '@turnstead/wire'
import type { ServerState } from '@turnstead/wire/server'
import { logError, startAgentServer as startServer } from '@turnstead-examples/start'
import type { Settings } from '../settings.js'
import type { ChosenModel } from './model.js'
import { createServerWatch } from './server-watch.js'
import type { AgentState } from './state.js'

/** An OpenCode server and a client for it: a supervised one of this application's own, or a shared one. */
export interface AgentServer {
  readonly client: Client
  /** How long it may be away until it is replaced; absent for a server of another's. */
  readonly outageMs?: number
  close(): Promise<void>
}

export interface AgentServerOptions {
  readonly settings: Settings
  readonly model: ChosenModel
  /** Told at each change. */
  readonly onState: (state: AgentState) => void
  /** Breaks the start off. */
  readonly signal: AbortSignal
  /** Others use it too, at the address and with the password of the settings. Default: only this process. */
  readonly isShared?: boolean
}

/** Starts the application's own server; resolves when it is ready. */
export async function startAgentServer(
  options: AgentServerOptions,
): Promise<AgentServer & { readonly url: string }> {
  const { settings, model, onState, signal, isShared = false } = options
  const directory = settings.workspace
  const server = await startServer({
    model,
    directory,
    dataDir: settings.dataDir,
    binary: settings.opencodeBinary,
    onState: ({ state }) => onState(toAgentState(state)),
    signal,
    ...(isShared && {
      hostname: settings.host,
      port: settings.port ?? 0,
      password: settings.opencodePassword,
    }),
  })
  const client = createClient({
    baseUrl: server.url,
    username: server.username,
    password: server.password ?? '',
    directory,
  })
  // A server is slow the first time: let that not be the user's first message.
  await client.session.status().catch(() => undefined)
  onState(toAgentState(server.state))
  return {
    client,
    url: server.url,
    outageMs: server.outageMs,
    async close() {
      await client.close()
      await server.close()
    },
  }
}

/** A server of another's, which is asked now and then whether it runs, and is not stopped with this application. */
export async function useAgentServer(
  baseUrl: string,
  { settings, onState, signal }: Omit<AgentServerOptions, 'model'>,
): Promise<AgentServer & { readonly ready: Promise<void> }> {
  const { workspace: directory, opencodePassword: password } = settings
  await mkdir(directory, { recursive: true })
  const client = createClient({ baseUrl, directory, ...(password === null ? {} : { password }) })
  const watch = createServerWatch({
    ask: async (timeoutMs) => void (await client.global.health({ timeoutMs })),
    onState,
    onError: (error) => logError(error, 'OpenCode'),
    signal,
  })
  return {
    client,
    ready: watch.ready,
    async close() {
      await watch.close()
      await client.close()
    },
  }
}

function toAgentState(state: ServerState): AgentState {
  if (state === 'ready') return 'up'
  if (state === 'starting') return 'starting'
  return state === 'exited' || state === 'closed' ? 'down' : 'restarting'
}
