import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMessageArtifacts } from '@turnstead/artifacts'
import { createMemoryStore } from '@turnstead/artifacts/memory'
import { startImpostor, type Impostor, type ScenarioLike } from '@turnstead/testkit'
import { createClient } from '@turnstead/wire'
import type { Knex } from 'knex'
import { createLocalNotifier, type Notifier } from '@turnstead/session'
import { createWorkspaces } from '../../src/agent/workspaces.js'
import { composeWeb, composeWorker } from '../../src/compose.js'
import { createInProcessQueue } from '../../src/jobs/in-process-queue.js'
import { openDatabase } from '../../src/rows/database.js'
import { type ChatRows, createChatRows } from '../../src/rows/rows.js'
import type { UserRows } from '../../src/rows/user-rows.js'
import type { AgentState } from '../../src/agent/state.js'
import { oneUser, type Users } from '../../src/users/users.js'

/** The application on Impostor, a database (in memory by default) and an in-memory file store. */
export interface TestApp {
  readonly url: string
  readonly impostor: Impostor
  /** All rows, and what the one user sees of them. */
  readonly rows: ChatRows & UserRows
  readonly database: Knex
  /** A file as the agent of a conversation has it; null when it has none such. */
  readAgentFile(conversationId: number, path: string): Promise<string | null>
  /** The stream of a conversation's page. */
  streamOf(conversationId: number): string
  readonly errors: unknown[]
  get(path: string, headers?: Record<string, string>): Promise<Response>
  post(path: string, prompt: string, headers?: Record<string, string>): Promise<Response>
  /** Sends a prompt with files, as the page's form does. */
  postFiles(
    path: string,
    prompt: string,
    files: Readonly<Record<string, string | Buffer>>,
  ): Promise<Response>
  /** The agent's folder of a conversation. */
  folderOf(conversationId: number): Promise<string>
  /** Says how the agent's server is. */
  say(state: AgentState): void
  /** How many objects the file store holds. */
  storedFiles(): Promise<number>
  /** The page as one line of text without markup. */
  text(path: string): Promise<string>
  close(): Promise<void>
}

export interface TestAppOptions {
  readonly databaseUrl?: string
  /** The address of a proxy in front. */
  readonly publicOrigin?: string | null
  /** How long a turn that asks is held by a process. */
  readonly parkAfterMs?: number
  readonly users?: Users
  /** Carries news to another application; default: one of its own. */
  readonly notifier?: Notifier
  /** How long after its last turn a conversation's folder is let go. */
  readonly unloadAfterMs?: number
  /** The next conversations find a folder that the server has open. */
  readonly hasSpares?: boolean
  /** What runs turns; default: this process, on an Impostor of its own. */
  readonly hasWorker?: boolean
}

export async function startApp(
  scenario?: ScenarioLike,
  {
    databaseUrl = ':memory:',
    publicOrigin = null,
    parkAfterMs = 60_000,
    unloadAfterMs = 60_000,
    hasSpares = false,
    users = oneUser,
    notifier = createLocalNotifier(),
    hasWorker = true,
  }: TestAppOptions = {},
): Promise<TestApp> {
  const impostor = await startImpostor(scenario)
  const database = await openDatabase(databaseUrl)
  const { directory } = impostor
  const client = createClient({ baseUrl: impostor.url, directory, headers: impostor.headers })
  const workspace = await mkdtemp(join(tmpdir(), 'turnstead-chat-'))
  const artifactStore = createMemoryStore()
  const reader = { read: (path: string) => client.fs.read(path) }
  const errors: unknown[] = []
  const queue = createInProcessQueue()
  const leaseMs = 10_000
  const rows = createChatRows({ knex: database, notifier, queue, leaseMs })
  const artifactsIn = (agentDirectory: string) =>
    createMessageArtifacts({ store: artifactStore, agentDirectory, reader })
  const workspaces = createWorkspaces({ workspace, hidden: [directory] })
  const shared = {
    database,
    notifier,
    queue,
    rows,
    artifactStore,
    workspaces,
    onError: (error: unknown) => void errors.push(error),
  }
  let state: AgentState = 'up'
  const web = composeWeb({
    ...shared,
    artifacts: artifactsIn(workspace),
    users,
    model: { label: 'Impostor', hint: null },
    suggestions: ['Say hello'],
    agentState: () => state,
    agent: () => client,
    leaseMs,
    address: { origin: publicOrigin, hostnames: ['127.0.0.1'] },
  })
  const worker = hasWorker
    ? queue.start(
        [],
        composeWorker({
          ...shared,
          client,
          artifactsIn,
          workerName: 'test',
          leaseMs,
          parkAfterMs,
          unloadAfterMs,
          ...(hasSpares && {
            warm: async (folder: string) =>
              void (await client.withScope({ directory: folder }).session.status()),
          }),
          unload: async (folder) =>
            void (await client.withScope({ directory: folder }).instance.dispose()),
        }),
      )
    : null
  const { app } = web
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const url = `http://127.0.0.1:${port}`

  const folderOf = async (conversationId: number): Promise<string> => {
    const found = await database('conversations').where('id', conversationId).first()
    return workspaces.directoryOf({ folder: found.folder })
  }

  const get = (path: string, headers = {}): Promise<Response> => fetch(url + path, { headers })
  return {
    url,
    impostor,
    rows: Object.assign(rows, rows.of('you')),
    database,
    errors,
    get,
    streamOf: (conversationId) => `/stream?c=${conversationId}.1.`,
    folderOf,
    async readAgentFile(conversationId, path) {
      return impostor.readFile(join(await folderOf(conversationId), path))
    },
    say(next) {
      state = next
      web.feeds.refresh()
    },
    storedFiles: async () => {
      let count = 0
      for await (const _stat of artifactStore.list()) count += 1
      return count
    },
    postFiles: (path, prompt, files) => {
      const body = new FormData()
      body.append('prompt', prompt)
      for (const [name, content] of Object.entries(files)) {
        body.append(
          'files',
          new File([typeof content === 'string' ? content : new Uint8Array(content)], name),
        )
      }
      return fetch(url + path, { method: 'POST', body, redirect: 'manual' })
    },
    post: (path, prompt, headers = {}) =>
      fetch(url + path, {
        method: 'POST',
        body: new URLSearchParams({ prompt }),
        headers,
        redirect: 'manual',
      }),
    text: async (path) => toText(await (await get(path)).text()),
    async close() {
      web.close()
      server.close()
      server.closeAllConnections()
      await worker?.close()
      await client.close()
      await impostor.close()
      await database.destroy()
      await rm(workspace, { recursive: true, force: true })
    },
  }
}

function toText(markup: string): string {
  return markup
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** What the stream of a browser says, as it comes. */
export interface StreamReader {
  /** All that came so far, up to this text. */
  until(text: string): Promise<string>
  /** All of it, to its end. */
  rest(): Promise<string>
  close(): void
}

export async function readStream(
  url: string,
  headers: Record<string, string> = {},
): Promise<StreamReader> {
  const gone = new AbortController()
  const response = await fetch(url, { signal: gone.signal, headers })
  if (response.body === null) throw new Error(`${url} has no body`)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let received = ''
  let unread = ''
  /** Lines of `data:` as what they say. */
  const take = (chunk: string): void => {
    const lines = (unread + chunk).split('\n')
    unread = lines.pop() ?? ''
    for (const line of lines) {
      if (!line.startsWith('data: ')) continue
      const message = JSON.parse(line.slice(6)) as { html?: string; idle?: boolean }
      received += message.idle === true ? 'idle' : (message.html ?? '')
    }
  }
  return {
    async until(text) {
      while (!received.includes(text)) {
        const { value, done } = await reader.read()
        if (done) throw new Error(`the stream ended without ${text}; it said: ${received}`)
        take(value)
      }
      return received
    },
    async rest() {
      for (;;) {
        const { value, done } = await reader.read()
        if (done) return received
        take(value)
      }
    },
    close: () => gone.abort(),
  }
}
