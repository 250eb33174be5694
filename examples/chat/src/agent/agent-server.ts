import { mkdir } from 'node:fs/promises'
import { createClient, type Client } from '@turnstead/wire'
import type { ServerState } from '@turnstead/wire/server'
import { startAgentServer as startServer } from '@turnstead-examples/start'
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
  if (settings.opencodeUrl !== null) {
    await mkdir(directory, { recursive: true })
    return useServer(settings.opencodeUrl, options)
  }
  const listeners: ((state: AgentState) => void)[] = []
  const server = await startServer({
    model,
    directory,
    dataDir: settings.dataDir,
    binary: settings.opencodeBinary,
    onState: ({ state }) => listeners.forEach((listener) => listener(toAgentState(state))),
    signal,
  })
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
