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
import { composeChat } from '../../src/compose.js'
import { openDatabase } from '../../src/rows/database.js'
import type { ChatRows } from '../../src/rows/rows.js'
import type { Worker } from '../../src/jobs/worker.js'

/** The application on Impostor, a database (in memory by default) and an in-memory file store. */
export interface TestApp {
  readonly url: string
  readonly impostor: Impostor
  readonly rows: ChatRows
  readonly database: Knex
  readonly worker: Worker
  readonly errors: unknown[]
  get(path: string, headers?: Record<string, string>): Promise<Response>
  post(path: string, prompt: string, headers?: Record<string, string>): Promise<Response>
  /** Sends a prompt with files, as the page's form does. */
  postFiles(
    path: string,
    prompt: string,
    files: Readonly<Record<string, string | Buffer>>,
  ): Promise<Response>
  /** Where files that come with a message are put. */
  readonly workspace: string
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
}

export async function startApp(
  scenario?: ScenarioLike,
  { databaseUrl = ':memory:', publicOrigin = null }: TestAppOptions = {},
): Promise<TestApp> {
  const impostor = await startImpostor(scenario)
  const database = await openDatabase(databaseUrl)
  const client = createClient({
    baseUrl: impostor.url,
    directory: impostor.directory,
    headers: impostor.headers,
  })
  const { directory } = impostor
  const workspace = await mkdtemp(join(tmpdir(), 'turnstead-chat-'))
  const artifactStore = createMemoryStore()
  const reader = { read: (path: string) => client.fs.read(path) }
  const errors: unknown[] = []
  const { app, rows, worker } = composeChat({
    database,
    client,
    artifacts: createMessageArtifacts({ store: artifactStore, agentDirectory: directory, reader }),
    artifactStore,
    directory: workspace,
    workerName: 'test',
    roots: [directory],
    model: { label: 'Impostor', hint: null },
    suggestions: ['Say hello'],
    agentState: () => 'up',
    address: { origin: publicOrigin, hostnames: ['127.0.0.1'] },
    onError: (error) => errors.push(error),
  })
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const url = `http://127.0.0.1:${port}`

  const get = (path: string, headers = {}): Promise<Response> => fetch(url + path, { headers })
  return {
    url,
    impostor,
    rows,
    database,
    worker,
    errors,
    get,
    workspace,
    storedFiles: async () => {
      let count = 0
      for await (const _stat of artifactStore.list()) count += 1
      return count
    },
    postFiles: (path, prompt, files) => {
      const body = new FormData()
      body.append('prompt', prompt)
      for (const [name, content] of Object.entries(files)) {
        body.append('files', new File([content], name))
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
      server.close()
      server.closeAllConnections()
      await worker.close()
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

/** The live changes of a conversation, as they come. */
export interface StreamReader {
  /** All that came so far, up to this text. */
  until(text: string): Promise<string>
  close(): void
}

export async function readStream(url: string): Promise<StreamReader> {
  const gone = new AbortController()
  const response = await fetch(url, { signal: gone.signal })
  if (response.body === null) throw new Error(`${url} has no body`)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let received = ''
  return {
    async until(text) {
      while (!received.includes(text)) {
        const { value, done } = await reader.read()
        if (done) throw new Error(`the stream ended without ${text}; it said: ${received}`)
        received += value.replaceAll(/^data: /gm, '')
      }
      return received
    },
    close: () => gone.abort(),
  }
}
