import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A proxy with one of the settings of this application, as it is run on this machine. */
export interface FrontKind {
  readonly name: string
  readonly protocol: 'http' | 'https'
  /** What must be installed. */
  readonly programs: readonly string[]
  /** Writes the settings for this machine. */
  prepare(place: FrontPlace): Promise<FrontCommand>
}

export interface FrontPlace {
  /** A folder of its own. */
  readonly folder: string
  readonly port: number
  /** Ports of web processes of this machine. */
  readonly upstreams: readonly number[]
  readonly certificate: string
  readonly key: string
}

export interface FrontCommand {
  readonly program: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** A proxy that runs. */
export interface Front {
  close(): Promise<void>
}

/** Where the settings are. */
export const deployFolder: string = fileURLToPath(new URL('../../deploy/', import.meta.url))

/** Why a proxy cannot be tried here; null when it can. */
export function frontProblem({ programs }: Pick<FrontKind, 'programs'>): string | null {
  const missing = [...programs, 'openssl'].filter((program) => !isInstalled(program))
  return missing.length === 0 ? null : `no ${missing.join(' and no ')} on this machine`
}

/** Debian's nginx is where only root looks. */
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` }

function isInstalled(program: string): boolean {
  return spawnSync(program, ['--help'], { env }).error === undefined
}

export async function startFront(
  kind: FrontKind,
  place: Pick<FrontPlace, 'port' | 'upstreams'>,
): Promise<Front> {
  const folder = await mkdtemp(join(tmpdir(), 'turnstead-front-'))
  const { program, args, ...more } = await kind.prepare({ ...place, folder, ...certify(folder) })
  const child = spawn(program, args, {
    env: { ...env, ...more.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const exited = once(child, 'exit')
  const isOver = exited.then(() => {
    throw new Error(`${program} ended: ${said}`)
  })
  isOver.catch(() => undefined)
  while (!(await Promise.race([takes(place.port), isOver]))) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    async close() {
      child.kill('SIGTERM')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** One that nobody has signed, for this machine. */
function certify(folder: string): Pick<FrontPlace, 'certificate' | 'key'> {
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '1', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', key, '-out', certificate],
  ])
  if (made.status !== 0) throw new Error(String(made.stderr))
  return { certificate, key }
}

function takes(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

/** Puts what this machine needs in the place of what settings say; fails where they do not say it. */
export function replaced(text: string, changes: readonly (readonly [RegExp, string])[]): string {
  return changes.reduce((before, [pattern, value]) => {
    if (!pattern.test(before)) throw new Error(`the settings have no ${String(pattern)}`)
    return before.replace(pattern, () => value)
  }, text)
}
