import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StartError } from '@turnstead-examples/start'
import { addressesOf, loopback } from './addresses.js'

/** What a process does: answer browsers, run turns, both, or be the OpenCode server of the others. */
export type Role = 'web' | 'worker' | 'all' | 'agent'

/** Who the users are: one without a name, those who give a name, or whom one of these proxies in front names in this header. */
export type LogIn =
  | { readonly kind: 'none' }
  | { readonly kind: 'names'; readonly secret: string | null }
  | { readonly kind: 'header'; readonly header: string; readonly proxies: readonly string[] }

/** What the environment decides. */
export interface Settings {
  /** `CHAT_ROLE`. Default: `all`. */
  readonly role: Role
  /** `PORT`, default 3000, of an agent 4096; 0 takes a free one. A worker answers `/health` there if it is set; null if not. */
  readonly port: number | null
  /** `HOST`, default 127.0.0.1: without a log-in only this machine. */
  readonly host: string
  /** `DATABASE_URL`: a SQLite file or `postgres://…`. Default: a file in the data folder. */
  readonly databaseUrl: string
  /** `REDIS_URL`: carries live changes between processes in place of the database; null for none. */
  readonly redisUrl: string | null
  /** `CHAT_QUEUE`: the schema of the job queue, and what sets live changes apart, where several chats share a database. Default: `graphile_worker`. */
  readonly queue: string
  /** `CHAT_DATA`: database, files, and what OpenCode keeps. Default: `data` in this package. */
  readonly dataDir: string
  /** `CHAT_PUBLIC_URL`: the origin in the address bar where a proxy is in front; null when there is none. */
  readonly publicOrigin: string | null
  /** `CHAT_LOGIN`, `CHAT_SECRET`, `CHAT_USER_HEADER`, `CHAT_PROXIES`. */
  readonly logIn: LogIn
  /** `OPENCODE_BASE_URL`: a server that runs already, shared by several processes; null starts one. */
  readonly opencodeUrl: string | null
  /** `OPENCODE_SERVER_PASSWORD` of that server, or of the one that this process is. */
  readonly opencodePassword: string | null
  /** `CHAT_WORKSPACE`: below it each conversation has its folder; the same for every process of a shared server. Default: in the data folder. */
  readonly workspace: string
  /** `CHAT_BUCKET`: a bucket of Google Cloud Storage for files, with the machine's own credentials; null keeps them in `filesDir`. */
  readonly bucket: string | null
  /** `CHAT_FILES`: the folder of files, the same for every process. Default: `files` in the data folder. */
  readonly filesDir: string
  /** `OPENCODE_BINARY`. Default: `opencode` on the PATH, else the npm package of this platform. */
  readonly opencodeBinary: string | null
  /** `CHAT_SHELL=1`: a real model may run commands on this machine, each after a person allowed it. */
  readonly allowsShell: boolean
  /** `CHAT_LEASE_MS`: so long after the last sign of life of a worker another one takes its turns. Default: 10,000. */
  readonly leaseMs: number
  /** The same after a restart, so that it may go on with its own turns at once; no one else's, as the data folder is not. */
  readonly workerName: string
}

export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const packageDir = fileURLToPath(new URL('..', import.meta.url))
  const dataDir = env['CHAT_DATA'] || join(packageDir, 'data')
  const role = readRole(env['CHAT_ROLE'])
  const settings: Settings = {
    role,
    port: readPort(env['PORT'] || defaultPorts[role]),
    host: env['HOST'] || '127.0.0.1',
    databaseUrl: env['DATABASE_URL'] || join(dataDir, 'chat.sqlite'),
    redisUrl: env['REDIS_URL'] || null,
    queue: readQueue(env['CHAT_QUEUE'] || 'graphile_worker'),
    dataDir,
    publicOrigin: readOrigin(env['CHAT_PUBLIC_URL']),
    logIn: readLogIn(env),
    opencodeUrl: env['OPENCODE_BASE_URL'] || null,
    opencodePassword: env['OPENCODE_SERVER_PASSWORD'] || null,
    workspace: resolve(env['CHAT_WORKSPACE'] || join(dataDir, 'workspace')),
    bucket: env['CHAT_BUCKET'] || null,
    filesDir: env['CHAT_FILES'] || join(dataDir, 'files'),
    opencodeBinary: env['OPENCODE_BINARY'] || null,
    allowsShell: env['CHAT_SHELL'] === '1',
    leaseMs: readLease(env['CHAT_LEASE_MS']),
    workerName: `chat@${hostname()}:${resolve(dataDir)}`.slice(0, 255),
  }
  checkRole(settings)
  return settings
}

/** Rows in PostgreSQL may be shared by processes; a SQLite file belongs to one. */
export function isPostgres(databaseUrl: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(databaseUrl)
}

function readRole(role: string | undefined): Role {
  if (role === undefined || role === '') return 'all'
  if (role === 'web' || role === 'worker' || role === 'all' || role === 'agent') return role
  throw new StartError('CHAT_ROLE must be web, worker, all or agent.')
}

/** What one process has alone, several must share. */
function checkRole(settings: Settings): void {
  const { role, databaseUrl, redisUrl, opencodeUrl, opencodePassword, logIn } = settings
  if (role === 'agent') {
    if (opencodePassword !== null) return
    throw new StartError(
      'CHAT_ROLE=agent needs an OPENCODE_SERVER_PASSWORD: whoever has it can run commands.',
    )
  }
  if (redisUrl !== null && !/^rediss?:\/\//.test(redisUrl)) {
    throw new StartError('REDIS_URL must be redis://… or rediss://….')
  }
  if (redisUrl !== null && !isPostgres(databaseUrl)) {
    throw new StartError('REDIS_URL is for several processes: give DATABASE_URL as postgres://….')
  }
  if (role === 'all') return
  if (!isPostgres(databaseUrl)) {
    throw new StartError(
      `CHAT_ROLE=${role} needs a DATABASE_URL as postgres://…: a SQLite file belongs to one process.`,
    )
  }
  if (opencodeUrl === null) {
    throw new StartError(
      `CHAT_ROLE=${role} has no OpenCode server of its own: set OPENCODE_BASE_URL.`,
    )
  }
  if (role === 'web' && logIn.kind === 'names' && logIn.secret === null) {
    throw new StartError('CHAT_LOGIN=dev in several processes needs the same CHAT_SECRET in each.')
  }
}

function readLogIn(env: NodeJS.ProcessEnv): LogIn {
  const header = env['CHAT_USER_HEADER'] || null
  const secret = env['CHAT_SECRET'] || null
  if (header !== null) {
    if (!/^[\w-]+$/.test(header)) {
      throw new StartError(
        'CHAT_USER_HEADER must be the name of a header, such as x-forwarded-user.',
      )
    }
    return {
      kind: 'header',
      header: header.toLowerCase(),
      proxies: readProxies(env['CHAT_PROXIES']),
    }
  }
  const logIn = env['CHAT_LOGIN'] || 'none'
  if (logIn === 'none') return { kind: 'none' }
  if (logIn !== 'dev') throw new StartError('CHAT_LOGIN must be none or dev.')
  if (secret !== null && secret.length < 16) {
    throw new StartError('CHAT_SECRET must have at least 16 characters.')
  }
  return { kind: 'names', secret }
}

function readProxies(text: string | undefined): readonly string[] {
  const proxies = text?.split(/[\s,]+/).filter((proxy) => proxy !== '') ?? []
  if (proxies.length === 0) return loopback
  try {
    addressesOf(proxies)
    return proxies
  } catch (error) {
    throw new StartError(
      'CHAT_PROXIES must be addresses, or ranges such as 10.0.0.0/8, with commas between them.',
      { cause: error },
    )
  }
}

function readQueue(name: string): string {
  if (/^[a-z][a-z0-9_]{0,40}$/.test(name)) return name
  throw new StartError('CHAT_QUEUE must be a name of small letters, digits and underscores.')
}

const defaultPorts: Readonly<Record<Role, string | null>> = {
  web: '3000',
  all: '3000',
  agent: '4096',
  worker: null,
}

function readPort(text: string | null): number | null {
  if (text === null) return null
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new StartError('PORT must be a number from 0 to 65535.')
}

function readLease(text: string | undefined): number {
  const leaseMs = Number(text || 10_000)
  if (Number.isInteger(leaseMs) && leaseMs >= 1_000) return leaseMs
  throw new StartError('CHAT_LEASE_MS must be a number of milliseconds, 1000 or more.')
}

function readOrigin(url: string | undefined): string | null {
  if (url === undefined || url === '') return null
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return new URL(url).origin
  throw new StartError('CHAT_PUBLIC_URL must be an address such as https://chat.example.com.')
}
