import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient, type Client } from '@turnstead/wire'
import { startServer } from '@turnstead/wire/server'
import type { ChosenModel } from './model.js'
import type { Settings } from './settings.js'

/** A supervised `opencode serve` and a client for it. */
export interface AgentServer {
  readonly client: Client
  /** The agent's folder. */
  readonly directory: string
  /** False while it is being restarted. */
  isUp(): boolean
  /** Calls back when that changes. */
  watch(listener: (isUp: boolean) => void): void
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
  const listeners: ((isUp: boolean) => void)[] = []
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
    onState: ({ state }) => listeners.forEach((listener) => listener(state === 'ready')),
    signal: starting.signal,
  }).finally(() => signal.removeEventListener('abort', breakOff))
  const client = createClient({
    baseUrl: server.url,
    username: server.username,
    password: server.password ?? '',
    directory,
    // A server that is being restarted never answers what reaches it in its first moments.
    timeouts: { requestMs: 10_000 },
  })
  return {
    client,
    directory,
    isUp: () => server.state === 'ready',
    watch: (listener) => void listeners.push(listener),
    async close() {
      await client.close()
      await server.close()
    },
  }
}
