import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, resolve } from 'node:path'
import { Readable } from 'node:stream'
import type { HarnessV1SandboxProvider } from '@ai-sdk/harness'

type NetworkSession = Awaited<ReturnType<HarnessV1SandboxProvider['createSession']>>
type Session = ReturnType<NetworkSession['restricted']>
type ProcessOptions = Parameters<Session['spawn']>[0]

/** A sandbox that is this machine, which is what `runTurn` is measured on, too: nothing is kept apart by it. */
export function createLocalSandbox(
  root: string,
  env: Readonly<Record<string, string | undefined>>,
): HarnessV1SandboxProvider {
  const children = new Set<ChildProcess>()
  const at = (path: string): string => resolve(root, path)
  const start = ({ command, workingDirectory, env: more, abortSignal }: ProcessOptions) => {
    const child = spawn('bash', ['-c', command], {
      cwd: workingDirectory === undefined ? root : at(workingDirectory),
      env: { ...env, HOME: root, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    children.add(child)
    const exited = once(child, 'exit').then(([code]: unknown[]) => {
      children.delete(child)
      return typeof code === 'number' ? code : 1
    })
    abortSignal?.addEventListener('abort', () => killGroup(child), { once: true })
    return { child, exited }
  }
  const write = async (path: string, content: Parameters<typeof writeFile>[1]): Promise<void> => {
    await mkdir(dirname(at(path)), { recursive: true })
    await writeFile(at(path), content)
  }
  const read = async (path: string): Promise<Buffer | null> =>
    await readFile(at(path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })

  const restricted: Session = {
    description: 'This machine, without a wall.',
    readFile: async ({ path }) => {
      const bytes = await read(path)
      return bytes && new Blob([new Uint8Array(bytes)]).stream()
    },
    readBinaryFile: async ({ path }) => await read(path),
    readTextFile: async ({ path }) => (await read(path))?.toString('utf8') ?? null,
    writeFile: async ({ path, content }) =>
      await write(path, Readable.fromWeb(content as Parameters<typeof Readable.fromWeb>[0])),
    writeBinaryFile: async ({ path, content }) => await write(path, content),
    writeTextFile: async ({ path, content }) => await write(path, content),
    spawn: async (options) => {
      const { child, exited } = start(options)
      return {
        ...(child.pid !== undefined && { pid: child.pid }),
        stdout: Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>,
        stderr: Readable.toWeb(child.stderr) as ReadableStream<Uint8Array>,
        wait: async () => ({ exitCode: await exited }),
        kill: async () => killGroup(child),
      }
    },
    run: async (options) => {
      const { child, exited } = start(options)
      let [stdout, stderr] = ['', '']
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
      return { exitCode: await exited, stdout, stderr }
    },
  }
  const end = async (): Promise<void> => children.forEach(killGroup)

  return {
    specificationVersion: 'harness-sandbox-v1',
    providerId: 'local',
    async createSession({ onFirstCreate, abortSignal } = {}) {
      await mkdir(root, { recursive: true })
      const port = await freePort()
      await onFirstCreate?.(restricted, { ...(abortSignal && { abortSignal }) })
      const urlOf = ({ port: asked, protocol = 'http' }: { port: number; protocol?: string }) =>
        `${protocol}://127.0.0.1:${asked}`
      return {
        ...restricted,
        id: 'local',
        defaultWorkingDirectory: root,
        ports: [port],
        getPortEndpoint: async (asked) => ({ url: urlOf(asked) }),
        getPortUrl: async (asked) => urlOf(asked),
        stop: end,
        destroy: end,
        restricted: () => restricted,
      }
    },
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}
