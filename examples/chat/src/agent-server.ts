import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient, type Client } from '@turnstead/wire'
import { startServer, type ServerState } from '@turnstead/wire/server'
import type { ChosenModel } from './model.js'
import type { Settings } from './settings.js'

/** `down`: it failed so often that it is not tried again. */
export type AgentState = 'up' | 'restarting' | 'down'

/** A supervised `opencode serve` and a client for it. */
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
  const directory = join(settings.dataDir, 'workspace')
  await mkdir(directory, { recursive: true })
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

function toAgentState(state: ServerState): AgentState {
  if (state === 'ready') return 'up'
  return state === 'exited' || state === 'closed' ? 'down' : 'restarting'
}
