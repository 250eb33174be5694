import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type OpencodeServer, type ServerOptions, startServer } from '@turnstead/wire/server'
import type { ChosenModel } from './choose-model.js'

export interface AgentServerOptions extends Pick<
  ServerOptions,
  'onState' | 'hostname' | 'port' | 'password'
> {
  readonly model: ChosenModel
  /** Where the server works; made when missing. */
  readonly directory: string
  /** Below it OpenCode keeps its own data. */
  readonly dataDir: string
  /** The `opencode` executable. Default: the one on the PATH, else from npm. */
  readonly binary: string | null
  /** Breaks the start off; a server that is ready is ended by `close`. */
  readonly signal: AbortSignal
}

/** Starts a supervised OpenCode server that uses the model. */
export async function startAgentServer({
  model,
  directory,
  dataDir,
  binary,
  onState,
  signal,
  ...where
}: AgentServerOptions): Promise<OpencodeServer> {
  await mkdir(directory, { recursive: true })
  // Later the same signal means: end in order, the runs first.
  const starting = new AbortController()
  const breakOff = (): void => starting.abort(signal.reason)
  signal.addEventListener('abort', breakOff)
  return await startServer({
    ...(binary === null ? {} : { binary }),
    resolveFrom: fileURLToPath(new URL('.', import.meta.url)),
    directory,
    dataDir: join(dataDir, 'opencode'),
    config: model.config,
    // The examples have no plugins; with some, leave this out.
    installPlugins: false,
    env: model.env,
    supervise: true,
    ...where,
    // A first start on a slow or busy machine may take more than the usual half minute.
    readyTimeoutMs: 120_000,
    ...(onState && { onState }),
    signal: starting.signal,
  }).finally(() => signal.removeEventListener('abort', breakOff))
}
