import { createClient, type Client } from '@turnstead/wire'
import { detectProvider, type ConfigObject } from '@turnstead/wire/providers'
import { type OpencodeServer, startServer } from '@turnstead/wire/server'
import { TaskError } from '../errors.js'
import type { ServerAddress } from '../run/connection.js'
import type { WorkspaceOptions } from './options.js'

/** A workspace's way to its server. */
export interface WorkspaceServer {
  readonly client: Client
  /** Null when it is shared: then it is not this workspace's to end. */
  readonly own: OpencodeServer | null
}

type Folders = { readonly directory: string; readonly dataDir: string }

export async function openServer(
  options: WorkspaceOptions,
  folders: Folders,
  signal: AbortSignal,
): Promise<WorkspaceServer> {
  const own = options.server === undefined ? await startOwn(options, folders, signal) : null
  const { url, username, password } = own ?? (options.server as ServerAddress)
  const { directory } = folders
  return { client: createClient({ baseUrl: url, username, password, directory }), own }
}

async function startOwn(
  { credentials, env = process.env, serverOptions = {}, userConfig }: WorkspaceOptions,
  { directory, dataDir }: Folders,
  signal: AbortSignal,
): Promise<OpencodeServer> {
  const provider = detectProvider(env, {
    ...(credentials !== undefined && { credentials }),
    ...(userConfig !== undefined && { config: userConfig }),
  })
  if (provider === null && !namesModel(userConfig)) throw noProvider()
  return await startServer({
    supervise: true,
    ...serverOptions,
    env: { ...provider?.env, ...serverOptions.env },
    config: provider?.config ?? { ...userConfig },
    directory,
    dataDir,
    signal,
  })
}

function namesModel(config: ConfigObject = {}): boolean {
  return 'provider' in config && 'model' in config
}

function noProvider(): TaskError {
  return new TaskError(
    'no_provider',
    'There are no credentials of a model provider. Give `credentials`, or set ANTHROPIC_API_KEY, OPENAI_API_KEY, or CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_KEY.',
  )
}
