import { STATUS_CODES } from 'node:http'
import { sendArtifact, type ArtifactStore, type MessageArtifacts } from '@turnstead/artifacts'
import { WireError } from '@turnstead/wire'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { readAnswer } from './answers.js'
import { createAssets } from './assets.js'
import type { AgentState } from './agent-server.js'
import type { Announcer } from './announcer.js'
import type { Feed } from './feed.js'
import type { Message } from './models.js'
import type { ChatRows } from './rows.js'
import { knownHostsOnly, parseRowId, sameOriginOnly, securityHeaders } from './security.js'
import { sendConversationStream } from './stream.js'
import { turboStreamType } from './turbo-stream.js'
import type { TurnViews } from './turn-views.js'
import { maxPromptLength } from './views/composer.js'
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
  // The longest prompt: in the form's encoding a character may take nine bytes.
  app.use(express.urlencoded({ extended: false, limit: maxPromptLength * 9 + 1_000 }))

  app.get('/', async (_request, response) => {
    const { suggestions } = ports
    response.type('html').send(String(homePage({ frame: await frame(null), suggestions })))
  })

  app.post('/conversations', async (request, response) => {
    const prompt = readPrompt(request)
    const problem = problemOf(prompt)
    if (problem !== null) return sendProblem(response, 422, problem)
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
    const problem = problemOf(prompt)
    if (problem !== null) return sendProblem(response, 422, problem)
    await begin(await rows.addMessage(conversation.id, prompt))
    sendDone(request, response, conversation.id)
  })

  app.post('/messages/:id/stop', async (request, response) => {
    const message = await rows.findMessage(parseRowId(request.params.id))
    if (message === null) return sendProblem(response, 404, 'There is no such message.')
    await worker.stop(message.id)
    sendDone(request, response, message.conversationId)
  })

  app.post('/messages/:id/asks/:askId', async (request, response) => {
    const message = await rows.findMessage(parseRowId(request.params.id))
    if (message === null) return sendProblem(response, 404, 'There is no such message.')
    const open = views.openAsks(message).find(({ ask }) => ask.id === request.params.askId)
    // Where it is not open any more, another page was first or the turn is over: both show already.
    if (open !== undefined) {
      const answer = readAnswer(open.ask, request.body)
      if (answer === null) return sendProblem(response, 422, 'Choose an answer first.')
      await worker.answer(open.ask, answer)
    }
    sendDone(request, response, message.conversationId)
  })

  app.get('/messages/:id/files/:artifactId', async (request, response) => {
    const turnId = parseRowId(request.params.id)
    const artifact =
      turnId === null ? null : await artifacts.find(turnId, request.params.artifactId)
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
        .send(status === null ? sorry : `${STATUS_CODES[status] ?? 'Bad Request'}.`)
  })

  /** Shows the turn on every open page, then has it run. */
  async function begin(message: Message): Promise<void> {
    const { id: turnId, conversationId, body: prompt } = message
    worker.run({ turnId, conversationId, prompt })
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

/** The page's own stream shows what changed, in its order; a browser without scripts goes back to the page. */
function sendDone(request: Request, response: Response, conversationId: number): void {
  if (request.accepts().includes(turboStreamType)) response.type(turboStreamType).send('')
  else response.redirect(303, `/conversations/${conversationId}`)
}

function readPrompt(request: Request): string {
  const body: unknown = request.body
  if (typeof body !== 'object' || body === null || !('prompt' in body)) return ''
  // Browsers send a line's end as two characters and count it as one.
  return typeof body.prompt === 'string' ? body.prompt.replaceAll('\r\n', '\n').trim() : ''
}

function problemOf(prompt: string): string | null {
  if (prompt === '') return 'Write something first.'
  return prompt.length > maxPromptLength ? `Write at most ${maxPromptLength} characters.` : null
}

/** The status of an error that Express blames on the request: an unreadable body, a broken escape. A `WireError` has that of another server. */
function clientErrorStatus(error: unknown): number | null {
  if (!(error instanceof Error) || !('status' in error) || WireError.is(error)) return null
  const { status } = error
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null
}

const sorry = 'Something went wrong here. It is in the log of the application.'
