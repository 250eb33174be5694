import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StartError } from '@turnstead-examples/start'

/** What the environment decides. */
export interface Settings {
  /** `PORT`, default 3000; 0 takes a free one. */
  readonly port: number
  /** `HOST`, default 127.0.0.1: there is no log-in, so only this machine. */
  readonly host: string
  /** `DATABASE_URL`: a SQLite file or `postgres://…`. Default: a file in the data folder. */
  readonly databaseUrl: string
  /** `CHAT_DATA`: database, files, and what OpenCode keeps. Default: `data` in this package. */
  readonly dataDir: string
  /** `CHAT_PUBLIC_URL`: the origin in the address bar where a proxy is in front; null when there is none. */
  readonly publicOrigin: string | null
  /** `OPENCODE_BASE_URL`: a server that runs already, shared by several processes; null starts one. */
  readonly opencodeUrl: string | null
  /** `OPENCODE_SERVER_PASSWORD` of that server. */
  readonly opencodePassword: string | null
  /** `CHAT_WORKSPACE`: the agent's folder, the same for every process of a shared server. Default: one in the data folder. */
  readonly workspace: string
  /** `CHAT_BUCKET`: a bucket of Google Cloud Storage for files, with the machine's own credentials; null keeps them in the data folder. */
  readonly bucket: string | null
  /** `OPENCODE_BINARY`. Default: `opencode` on the PATH, else the npm package of this platform. */
  readonly opencodeBinary: string | null
  /** `CHAT_SHELL=1`: a real model may run commands on this machine, each after a person allowed it. */
  readonly allowsShell: boolean
  /** The same after a restart, so that it may go on with its own turns at once; no one else's, as the data folder is not. */
  readonly workerName: string
}

export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const packageDir = fileURLToPath(new URL('..', import.meta.url))
  const dataDir = env['CHAT_DATA'] || join(packageDir, 'data')
  const port = Number(env['PORT'] || 3000)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new StartError('PORT must be a number from 0 to 65535.')
  }
  return {
    port,
    host: env['HOST'] || '127.0.0.1',
    databaseUrl: env['DATABASE_URL'] || join(dataDir, 'chat.sqlite'),
    dataDir,
    publicOrigin: readOrigin(env['CHAT_PUBLIC_URL']),
    opencodeUrl: env['OPENCODE_BASE_URL'] || null,
    opencodePassword: env['OPENCODE_SERVER_PASSWORD'] || null,
    workspace: env['CHAT_WORKSPACE'] || join(dataDir, 'workspace'),
    bucket: env['CHAT_BUCKET'] || null,
    opencodeBinary: env['OPENCODE_BINARY'] || null,
    allowsShell: env['CHAT_SHELL'] === '1',
    workerName: `chat@${hostname()}:${resolve(dataDir)}`.slice(0, 255),
  }
}

function readOrigin(url: string | undefined): string | null {
  if (url === undefined || url === '') return null
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return new URL(url).origin
  throw new StartError('CHAT_PUBLIC_URL must be an address such as https://chat.example.com.')
}
