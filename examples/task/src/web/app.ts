import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { type ArtifactStore, sendArtifact } from '@turnstead/artifacts'
import { knownHostsOnly, sameOriginOnly, securityHeaders } from '@turnstead-examples/start'
import { pipeUIMessageStreamToResponse } from 'ai'
import express, { type Express, type Response } from 'express'
import type { Chats } from '../chats/chats.js'
import type { LiveAnswer } from '../chats/live-answer.js'
import { readAnswer, readMessage } from './read-body.js'

export interface AppOptions {
  readonly chats: Chats
  readonly files: ArtifactStore
  /** The page's script. */
  readonly page: string
}

/** Only what this application serves itself. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
]

/** There is no log-in: it answers only to this machine. */
const address = { origin: null, hostnames: ['localhost', '127.0.0.1'] }
const publicDir = fileURLToPath(new URL('../../public', import.meta.url))
const isChatId = (id: string): boolean => /^[0-9a-f-]{36}$/.test(id)

export function createApp({ chats, files, page }: AppOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(knownHostsOnly(address))
  app.use(securityHeaders(contentSecurityPolicy))
  app.get('/page.js', (_request, response) => void response.type('js').send(page))
  app.get('/favicon.ico', (_request, response) => void response.status(204).end())
  app.use('/public', express.static(publicDir, { index: false, fallthrough: false }))
  app.get('/', (_request, response) => response.redirect(303, `/chats/${randomUUID()}`))
  app.param('chat', (_request, response, next, id: string) => {
    if (isChatId(id)) next()
    else absent(response)
  })
  app.get('/chats/:chat', (_request, response) => {
    response.sendFile('page.html', { root: publicDir })
  })

  const api = express.Router({ mergeParams: true })
  app.use('/api/chats/:chat', sameOriginOnly(address), express.json({ limit: '100kb' }), api)

  api.get<'/', { chat: string }>('/', (request, response) => {
    response.set('cache-control', 'no-store')
    response.json(chats.find(request.params.chat)?.messages() ?? [])
  })

  api.post<'/', { chat: string }>('/', async (request, response) => {
    const message = readMessage(request.body)
    if (message === null) return void response.status(422).json({ error: 'Write a message.' })
    const answer = await chats.open(request.params.chat).say(message)
    if (answer === null) return void response.status(409).json({ error: 'One after the other.' })
    await follow(answer, response)
  })

  /** An answer under way, from its beginning: for a page that comes back. */
  api.get<'/stream', { chat: string }>('/stream', async (request, response) => {
    const answer = chats.find(request.params.chat)?.live() ?? null
    if (answer === null) response.status(204).end()
    else await follow(answer, response)
  })

  api.post<'/stop', { chat: string }>('/stop', (request, response) => {
    chats.find(request.params.chat)?.stop()
    response.status(204).end()
  })

  api.post<'/answer', { chat: string }>('/answer', async (request, response) => {
    const answer = readAnswer(request.body)
    if (answer === null) return void response.status(422).json({ error: 'Choose an answer.' })
    const result = await chats.find(request.params.chat)?.answer(answer)
    // Where it was not taken, another page was first or the run is over: both show already.
    response.json({ accepted: result?.accepted ?? false })
  })

  api.get<'/calls/:call/files', { chat: string; call: string }>(
    '/calls/:call/files',
    async (request, response) => {
      const artifacts = chats.find(request.params.chat)?.artifacts
      const list: { id: string; path: string; sizeBytes: number }[] = []
      for await (const { id, path, sizeBytes } of artifacts?.list(request.params.call) ?? []) {
        list.push({ id, path, sizeBytes })
      }
      response.json(list)
    },
  )

  api.get<'/calls/:call/files/:file', { chat: string; call: string; file: string }>(
    '/calls/:call/files/:file',
    async (request, response) => {
      const { chat, call, file } = request.params
      const found = await chats.find(chat)?.artifacts.find(call, file)
      if (found === null || found === undefined) return absent(response)
      const { key } = found
      await sendArtifact(request, response, { store: files, key, disposition: 'attachment' })
    },
  )
  return app
}

async function follow(answer: LiveAnswer, response: Response): Promise<void> {
  try {
    await pipeUIMessageStreamToResponse({ response, stream: answer.read() })
  } catch (error) {
    // A reader who leaves is no failure of ours.
    if (!response.destroyed) throw error
  }
}

function absent(response: Response): void {
  response.status(404).type('text').send('There is no such page.')
}
