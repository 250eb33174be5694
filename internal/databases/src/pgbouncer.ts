import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'

/** A PgBouncer of its own in front of a PostgreSQL. */
export interface PgBouncer {
  /** The database's address through it. What an address sets for a session (`options`) is gone. */
  readonly url: string
  readonly close: () => Promise<void>
}

const binary = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  .map((folder) => join(folder, 'pgbouncer'))
  .find(isExecutable)

/** Why it cannot run here; null when it can. */
export const pgBouncerProblem: string | null =
  binary === undefined ? 'pgbouncer is not installed (Debian: apt-get install pgbouncer)' : null

const startLimitMs = 10_000
const nobody = 65_534

/** Starts one in transaction mode, with fewer connections to the server than it has clients. */
export async function startPgBouncer(databaseUrl: string): Promise<PgBouncer> {
  if (binary === undefined) throw new Error(pgBouncerProblem ?? '')
  const folder = mkdtempSync(join(tmpdir(), 'turnstead-pgbouncer-'))
  const target = new URL(databaseUrl)
  const port = await freePort()
  const server = [
    `host=${target.hostname}`,
    `port=${target.port || 5432}`,
    `user=${decodeURIComponent(target.username)}`,
    ...(target.password === '' ? [] : [`password=${decodeURIComponent(target.password)}`]),
  ]
  const settings = [
    '[databases]',
    `* = ${server.join(' ')}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    'default_pool_size = 2',
    'ignore_startup_parameters = extra_float_digits,options',
  ]
  const file = join(folder, 'pgbouncer.ini')
  writeFileSync(file, `${settings.join('\n')}\n`)
  // It refuses root.
  chmodSync(folder, 0o755)
  const isRoot = process.getuid?.() === 0
  const child = spawn(binary, [file], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(isRoot ? { uid: nobody, gid: nobody } : {}),
  })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  const gone = once(child, 'exit')
  await ready(child.stderr, gone)
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String(port)
  url.search = ''
  return {
    url: url.href,
    close: async () => {
      process.off('exit', kill)
      kill()
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function ready(log: NodeJS.ReadableStream, gone: Promise<unknown>): Promise<void> {
  let said = ''
  const up = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`PgBouncer did not start:\n${said}`))
    }, startLimitMs)
    createInterface(log).on('line', (line) => {
      said += `${line}\n`
      if (!line.includes('process up')) return
      clearTimeout(timer)
      resolve()
    })
    void gone.then(() => reject(new Error(`PgBouncer ended:\n${said}`)))
  })
  await up
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise<void>((resolve) => probe.close(() => resolve()))
  return port
}
