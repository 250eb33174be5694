import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compiled } from '@turnstead-internal/compiled'

/** The application as a process of its own, as `npm start` runs it. */
export interface ChatProcess {
  readonly url: string
  readonly pid: number
  /** Everything it printed. */
  output(): string
  /** The process of `opencode serve`; null while there is none. */
  serverPid(): number | null
  /** Sends a signal and waits for the end; null stands for an end by a signal. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

export interface ChatProcessOptions {
  readonly dataDir: string
  readonly env?: Readonly<Record<string, string>>
}

const endWithParent = fileURLToPath(new URL('end-with-parent.mjs', import.meta.url))
const main = new URL('../../src/main.ts', import.meta.url)
const command = async (): Promise<readonly string[]> => [
  ...['--import', endWithParent],
  await compiled(main),
]

/** Keys of the machine that runs the tests must not decide what is tested. */
const withoutKeys = {
  ANTHROPIC_API_KEY: '',
  OPENAI_API_KEY: '',
  OPENAI_BASE_URL: '',
  CLOUDFLARE_API_KEY: '',
}

export async function startChatProcess({
  dataDir,
  env = {},
}: ChatProcessOptions): Promise<ChatProcess> {
  const child = spawn(process.execPath, await command(), {
    env: {
      ...process.env,
      ...withoutKeys,
      DATABASE_URL: '',
      PORT: '0',
      CHAT_DATA: dataDir,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const exited = once(child, 'exit')
  let printed = ''
  const url = new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      printed += chunk.toString()
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0]
      if (found !== undefined) resolve(found)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', (code) => {
      reject(new Error(`the application ended with ${code} and printed: ${printed}`))
    })
  })
  const chat = {
    url: await url,
    pid: child.pid ?? 0,
    output: () => printed,
    serverPid: () => serverPidOf(dataDir),
    async end(signal: NodeJS.Signals) {
      child.kill(signal)
      await exited
      return child.exitCode
    },
  }
  return chat
}

/** Runs the application until it ends by itself. */
export async function runChatProcess(
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'turnstead-chat-'))
  const child = spawn(process.execPath, await command(), {
    env: { ...process.env, ...withoutKeys, CHAT_DATA: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await once(child, 'exit')
  await rm(dataDir, { recursive: true, force: true })
  return { code: child.exitCode, output }
}

/** Where `@turnstead/wire/server` notes what is to be stopped if its host dies. */
function serverPidOf(dataDir: string): number | null {
  try {
    const record: unknown = JSON.parse(
      readFileSync(join(dataDir, 'opencode', 'turnstead-server.json'), 'utf8'),
    )
    const pid = (record as { pid?: unknown }).pid
    return typeof pid === 'number' ? pid : null
  } catch {
    return null
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
