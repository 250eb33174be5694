import { sendArtifact, type ArtifactStore, type MessageArtifacts } from '@turnstead/artifacts'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { createAssets } from './assets.js'
import type { AgentState } from './agent-server.js'
import type { Announcer } from './announcer.js'
import type { Feed } from './feed.js'
import type { Html } from './html.js'
import type { Message } from './models.js'
import type { ChatRows } from './rows.js'
import { knownHostsOnly, parseRowId, sameOriginOnly, securityHeaders } from './security.js'
import { sendConversationStream } from './stream.js'
import { turboStream, turboStreamType } from './turbo-stream.js'
import type { TurnViews } from './turn-views.js'
import { composerAction, maxPromptLength } from './views/composer.js'
import type { Frame, ModelInfo } from './views/layout.js'
import { conversationPage, homePage, problemPage } from './views/pages.js'
import type { Worker } from './worker.js'

/** What the application is made of. `start-chat.ts` gives it the real things, a test whatever it likes. */
export interface ChatPorts {
  readonly rows: ChatRows
  readonly worker: Worker
  readonly feed: Feed
  readonly views: TurnViews
  readonly announcer: Announcer
  readonly artifacts: MessageArtifacts
  readonly artifactStore: ArtifactStore
  readonly model: ModelInfo
  /** Prompts that the first page offers. */
  readonly suggestions: readonly string[]
  readonly agentState: () => AgentState
  /** Names that browsers may know this application by; null for any. */
  readonly hostnames: readonly string[] | null
  readonly onError: (error: unknown) => void
}

export function createApp(ports: ChatPorts): Express {
  const { rows, worker, feed, views, announcer, artifacts, artifactStore } = ports
  const app = express()
  app.disable('x-powered-by')
  if (ports.hostnames !== null) app.use(knownHostsOnly(ports.hostnames))
  app.use(securityHeaders)
  app.use('/assets', createAssets())
  app.use(sameOriginOnly)
  app.use(express.urlencoded({ extended: false, limit: '256kb' }))

  app.get('/', async (_request, response) => {
    const { suggestions } = ports
    response.type('html').send(String(homePage({ frame: await frame(null), suggestions })))
  })

  app.post('/conversations', async (request, response) => {
    const prompt = readPrompt(request)
    if (prompt === null) return sendProblem(response, 422, 'Write something first.')
    const message = await rows.startConversation(prompt)
    await begin(message)
    response.redirect(303, `/conversations/${message.conversationId}`)
  })

  app.get('/conversations/:id', async (request, response) => {
    const conversation = await rows.findConversation(parseRowId(request.params.id))
    if (conversation === null) return sendProblem(response, 404, 'There is no such conversation.')
    const { id, title } = conversation
    const { turns, hasOlder } = await rows.latestTurns(id)
    const pageFrame = await frame(id)
    const render = await views.load(turns)
    response.set('cache-control', 'no-store').type('html')
    const page = conversationPage({
      frame: pageFrame,
      id,
      title,
      turns: render(),
      hasOlderTurns: hasOlder,
    })
    response.send(String(page))
  })

  app.get('/conversations/:id/stream', async (request, response) => {
    const conversation = await rows.findConversation(parseRowId(request.params.id))
    if (conversation === null) return void response.status(404).end()
    const from = parseRowId(request.query['from']) ?? 1
    await sendConversationStream(response, {
      conversationId: conversation.id,
      from,
      rows,
      views,
      feed,
      worker,
    })
  })

  app.post('/conversations/:id/messages', async (request, response) => {
    const conversation = await rows.findConversation(parseRowId(request.params.id))
    if (conversation === null) return sendProblem(response, 404, 'There is no such conversation.')
    const prompt = readPrompt(request)
    if (prompt === null) return sendProblem(response, 422, 'Write something first.')
    const message = await rows.addMessage(conversation.id, prompt)
    await begin(message)
    sendChange(request, response, message, composerAction(message.id))
  })

  app.post('/messages/:id/stop', async (request, response) => {
    const message = await rows.findMessage(parseRowId(request.params.id))
    if (message === null) return sendProblem(response, 404, 'There is no such message.')
    await worker.stop(message.id)
    sendChange(request, response, message, composerAction(message.id, { isStopping: true }))
  })

  app.get('/messages/:id/files/:artifactId', async (request, response) => {
    const messageId = parseRowId(request.params.id)
    const artifact =
      messageId === null ? null : await artifacts.find(messageId, request.params.artifactId)
    if (artifact === null) return sendProblem(response, 404, 'There is no such file.')
    await sendArtifact(request, response, { store: artifactStore, key: artifact.key })
  })

  app.use((_request, response) => sendProblem(response, 404, 'There is no such page.'))

  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    const status = clientErrorStatus(error)
    if (status === null) ports.onError(error)
    if (response.headersSent) next(error)
    else
      response
        .status(status ?? 500)
        .type('text')
        .send(status === null ? sorry : 'Bad request.')
  })

  /** Shows the turn on every open page, then has it run. */
  async function begin(message: Message): Promise<void> {
    const { id: messageId, conversationId, body: prompt } = message
    worker.run({ messageId, conversationId, prompt })
    await announcer.begin(message)
  }

  async function frame(currentId: number | null): Promise<Frame> {
    const list = await rows.listConversations()
    return {
      conversations: list.map(({ id, title, created_at: at }) => ({ id, title, at: Number(at) })),
      currentId,
      model: ports.model,
      agent: ports.agentState(),
      now: Date.now(),
    }
  }

  async function sendProblem(response: Response, status: number, text: string): Promise<void> {
    const page = problemPage(
      await frame(null),
      status === 404 ? 'Not found' : 'That did not work',
      text,
    )
    response.status(status).type('html').send(String(page))
  }

  return app
}

/** Turbo takes the changed button; a browser without it goes back to the page. */
function sendChange(request: Request, response: Response, message: Message, button: Html): void {
  if (!request.accepts().includes(turboStreamType)) {
    return response.redirect(303, `/conversations/${message.conversationId}`)
  }
  response.type(turboStreamType).send(String(turboStream('replace', 'composer-action', button)))
}

function readPrompt(request: Request): string | null {
  const body: unknown = request.body
  if (typeof body !== 'object' || body === null || !('prompt' in body)) return null
  const { prompt } = body
  if (typeof prompt !== 'string' || prompt.length > maxPromptLength) return null
  return prompt.trim() === '' ? null : prompt.replaceAll('\r\n', '\n').trim()
}

/** The status of an error that Express blames on the request: an unreadable body, a broken escape. */
function clientErrorStatus(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('status' in error)) return null
  const { status } = error
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null
}

const sorry = 'Something went wrong here. It is in the log of the application.'
