import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient, type Client } from '@turnstead/wire'
import { startServer, type ServerState } from '@turnstead/wire/server'
import type { ChosenModel } from './model.js'
import type { AgentState } from './state.js'
import type { Settings } from '../settings.js'

/** An OpenCode server and a client for it: a supervised one of this application's own, or a shared one. */
export interface AgentServer {
  readonly client: Client
  /** The agent's folder. */
  readonly directory: string
  state(): AgentState
  /** Calls back when the state changes. */
  watch(listener: (state: AgentState) => void): void
  close(): Promise<void>
}

export interface AgentServerOptions {
  readonly settings: Settings
  readonly model: ChosenModel
  /** Breaks the start off. */
  readonly signal: AbortSignal
}

export async function startAgentServer(options: AgentServerOptions): Promise<AgentServer> {
  const { settings, model, signal } = options
  const directory = settings.workspace
  await mkdir(directory, { recursive: true })
  if (settings.opencodeUrl !== null) return useServer(settings.opencodeUrl, options)
  const listeners: ((state: AgentState) => void)[] = []
  // Later the same signal means: end in order, the turns first.
  const starting = new AbortController()
  const breakOff = (): void => starting.abort(signal.reason)
  signal.addEventListener('abort', breakOff)
  const server = await startServer({
    ...(settings.opencodeBinary === null ? {} : { binary: settings.opencodeBinary }),
    resolveFrom: fileURLToPath(new URL('.', import.meta.url)),
    directory,
    dataDir: join(settings.dataDir, 'opencode'),
    config: model.config,
    env: model.env,
    supervise: true,
    // A first start on a slow or busy machine may take more than the usual half minute.
    readyTimeoutMs: 120_000,
    onState: ({ state }) => listeners.forEach((listener) => listener(toAgentState(state))),
    signal: starting.signal,
  }).finally(() => signal.removeEventListener('abort', breakOff))
  const client = createClient({
    baseUrl: server.url,
    username: server.username,
    password: server.password ?? '',
    directory,
  })
  return {
    client,
    directory,
    state: () => toAgentState(server.state),
    watch: (listener) => void listeners.push(listener),
    async close() {
      await client.close()
      await server.close()
    },
  }
}

/** A server of another's: whether it runs is not known here, and it is not stopped with this application. */
function useServer(baseUrl: string, { settings }: AgentServerOptions): AgentServer {
  const { workspace: directory, opencodePassword: password } = settings
  const client = createClient({
    baseUrl,
    directory,
    ...(password === null ? {} : { password }),
  })
  return {
    client,
    directory,
    state: () => 'up',
    watch: () => undefined,
    close: () => client.close(),
  }
}

function toAgentState(state: ServerState): AgentState {
  if (state === 'ready') return 'up'
  return state === 'exited' || state === 'closed' ? 'down' : 'restarting'
}
