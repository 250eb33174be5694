import { STATUS_CODES } from 'node:http'
import type { ArtifactStore, MessageArtifacts } from '@turnstead/artifacts'
import { turboStreamType } from '@turnstead/reply/turbo'
import { WireError } from '@turnstead/wire'
import {
  knownHostsOnly,
  type PublicAddress,
  sameOriginOnly,
  securityHeaders,
} from '@turnstead-examples/start'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { answerAsk } from './answer-ask.js'
import { createAssets } from './assets.js'
import { createFileRoutes } from './files.js'
import { readMessage, removeUploads } from './read-message.js'
import type { Prompts } from '../agent/prompts.js'
import type { AgentState, ModelInfo } from '../agent/state.js'
import type { TurnNotices } from '../live/turn-notices.js'
import type { Feed } from '../live/feed.js'
import type { Message } from '../rows/models.js'
import type { ChatRows, Written } from '../rows/rows.js'
import { takesTurboStreams } from './turbo-requests.js'
import { contentSecurityPolicy, parseRowId } from './security.js'
import { sendConversationStream } from './stream.js'
import type { TurnViews } from '../live/turn-views.js'
import { maxPromptLength } from '../views/composer.js'
import type { Frame } from '../views/layout.js'
import { conversationPage, homePage, problemPage } from '../views/pages.js'
import type { Worker } from '../jobs/worker.js'

/** What the routes need; `compose.ts` puts it together. */
export interface ChatPorts {
  readonly rows: ChatRows
  readonly worker: Worker
  readonly feed: Feed
  readonly views: TurnViews
  readonly notices: TurnNotices
  readonly artifacts: MessageArtifacts
  readonly artifactStore: ArtifactStore
  readonly prompts: Prompts
  readonly model: ModelInfo
  /** Prompts that the first page offers. */
  readonly suggestions: readonly string[]
  readonly agentState: () => AgentState
  readonly address: PublicAddress
  readonly onError: (error: unknown, where?: string) => void
}

export function createApp(ports: ChatPorts): Express {
  const { rows, worker, feed, views, notices, artifacts, artifactStore, address } = ports
  const app = express()
  app.disable('x-powered-by')
  app.use(knownHostsOnly(address))
  app.use(securityHeaders(contentSecurityPolicy))
  app.use('/assets', createAssets())
  app.use(sameOriginOnly(address))
  // The longest prompt: in the form's encoding a character may take nine bytes.
  app.use(express.urlencoded({ extended: false, limit: maxPromptLength * 9 + 1_000 }))

  app.get('/', async (_request, response) => {
    const { suggestions } = ports
    response.type('html').send(String(homePage({ frame: await frame(null), suggestions })))
  })

  app.post('/conversations', async (request, response) => {
    const written = await readMessage(request, artifactStore)
    if (typeof written === 'string') return sendProblem(response, 422, written)
    const message = await keep(written, () => rows.startConversation(written))
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
    const written = await readMessage(request, artifactStore)
    if (typeof written === 'string') return sendProblem(response, 422, written)
    await begin(await keep(written, () => rows.addMessage(conversation.id, written)))
    sendDone(request, response, conversation.id)
  })

  app.post('/messages/:id/stop', async (request, response) => {
    const message = await rows.findMessage(parseRowId(request.params.id))
    if (message === null) return sendProblem(response, 404, 'There is no such message.')
    await worker.stop(message.id)
    sendDone(request, response, message.conversationId)
  })

  app.post('/messages/:id/asks/:askId', answerAsk({ store: rows.store, sendProblem, sendDone }))

  const files = createFileRoutes({ rows, store: artifactStore, artifacts, sendProblem })
  app.get('/messages/:id/files/:artifactId', files.made)
  app.get('/messages/:id/files.zip', files.archive)
  app.get('/messages/:id/uploads/:index', files.uploaded)

  app.use((_request, response) => sendProblem(response, 404, 'There is no such page.'))

  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    const status = clientErrorStatus(error)
    if (status === null) ports.onError(error, `${request.method} ${request.path}`)
    if (response.headersSent) next(error)
    else
      response
        .status(status ?? 500)
        .type('text')
        .send(status === null ? sorry : `${STATUS_CODES[status] ?? 'Bad Request'}.`)
  })

  /** Shows the turn on every open page, then has it run. */
  async function begin(message: Message): Promise<void> {
    const { id: turnId, conversationId } = message
    worker.run({ turnId, conversationId, prompt: await ports.prompts(message) })
    await notices.begin(message)
  }

  /** Files without a row would stay for ever. */
  async function keep(written: Written, write: () => Promise<Message>): Promise<Message> {
    try {
      return await write()
    } catch (error) {
      await removeUploads(artifactStore, written)
      throw error
    }
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

/** The page's own stream shows what changed, in its order; a browser without scripts goes back to the page. */
function sendDone(request: Request, response: Response, conversationId: number): void {
  if (takesTurboStreams(request)) response.type(turboStreamType).send('')
  else response.redirect(303, `/conversations/${conversationId}`)
}

/** The status of an error that Express blames on the request: an unreadable body, a broken escape. A `WireError` has that of another server. */
function clientErrorStatus(error: unknown): number | null {
  if (!(error instanceof Error) || !('status' in error) || WireError.is(error)) return null
  const { status } = error
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null
}

const sorry = 'Something went wrong here. It is in the log of the application.'
