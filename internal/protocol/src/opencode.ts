import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A throw-away `opencode serve` with its own home, so that nothing of the developer's set-up shows in the document. */
export interface TemporaryServer {
  readonly url: string
  readonly close: () => Promise<void>
}

const readyLine = /opencode server listening on (\S+)/
const readyTimeoutMs = 30_000

function findBinary(): string {
  const given = process.env['OPENCODE_BINARY']
  if (given !== undefined && given !== '') return given
  const require = createRequire(new URL('../../../package.json', import.meta.url))
  return join(dirname(require.resolve('opencode-linux-x64/package.json')), 'bin', 'opencode')
}

export async function startTemporaryServer(
  binary: string = findBinary(),
): Promise<TemporaryServer> {
  const home = await mkdtemp(join(tmpdir(), 'turnstead-protocol-'))
  const folder = async (name: string): Promise<string> => {
    const path = join(home, name)
    await mkdir(path)
    return path
  }
  const child = spawn(binary, ['serve', '--port', '0', '--hostname', '127.0.0.1'], {
    cwd: await folder('project'),
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      TMPDIR: await folder('tmp'),
      XDG_DATA_HOME: await folder('data'),
      XDG_CONFIG_HOME: await folder('config'),
      XDG_CACHE_HOME: await folder('cache'),
      XDG_STATE_HOME: await folder('state'),
      OPENCODE_DISABLE_MODELS_FETCH: '1',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const close = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
    await rm(home, { recursive: true, force: true })
  }
  try {
    return { url: await readUrl(child.stdout, exited), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The port answers before the server does, and such an early request hangs forever: only the line counts. */
async function readUrl(stdout: NodeJS.ReadableStream, exited: Promise<void>): Promise<string> {
  return await new Promise((resolve, reject) => {
    let text = ''
    const timer = setTimeout(
      () => reject(new Error(`opencode was not ready after ${readyTimeoutMs} ms`)),
      readyTimeoutMs,
    )
    void exited.then(() => {
      clearTimeout(timer)
      reject(new Error('opencode ended before it was ready'))
    })
    stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const url = readyLine.exec(text)?.[1]
      if (url === undefined) return
      clearTimeout(timer)
      resolve(url)
    })
  })
}
