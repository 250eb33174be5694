import type { RequestListener } from 'node:http'
import type { ArtifactStore, MessageArtifacts } from '@turnstead/artifacts'
import { html, turboStream, turboStreamType } from '@turnstead/reply/turbo'
import {
  knownHostsOnly,
  type PublicAddress,
  sameOriginOnly,
  securityHeaders,
} from '@turnstead-examples/start'
import type { Knex } from 'knex'
import express, { type Express, type Request, type Response } from 'express'
import { answerAsk } from './answer-ask.js'
import { conversationRoutes, type AgentClient } from './conversation-routes.js'
import { errorPages } from './error-pages.js'
import { makeFrame } from './frame.js'
import { createListChanges } from './list-changes.js'
import { messageRoutes } from './message-routes.js'
import { createAssets } from './assets.js'
import { createFileRoutes } from './files.js'
import { pageRoutes } from './page-routes.js'
import { pictureRoute } from './pictures.js'
import { readMessage, removeUploads } from './read-message.js'
import type { Choices } from '../agent/choices.js'
import type { AgentState, ModelInfo } from '../agent/state.js'
import type { Workspaces } from '../agent/workspaces.js'
import type { ConversationFeeds } from '../live/conversation-feeds.js'
import type { News } from '../live/news.js'
import type { Message } from '../rows/models.js'
import type { ChatRows } from '../rows/rows.js'
import type { TurnQueue } from '../rows/turn-queue.js'
import type { Sent, UserRows } from '../rows/user-rows.js'
import type { Written } from '../rows/written.js'
import type { Users } from '../users/users.js'
import { logInRoutes, readerOf, userOf, usersOnly } from './log-in.js'
import { takesTurboStreams } from './turbo-requests.js'
import { contentSecurityPolicy, parseRowId } from './security.js'
import { streamRoute } from './stream.js'
import type { Streams } from './streams.js'
import { writeMessage } from './write-message.js'
import type { TurnViews } from '../live/turn-views.js'
import { agentChanges } from '../views/agent-note.js'
import { maxPromptLength } from '../views/composer.js'
import type { Frame } from '../views/layout.js'
import { problemPage } from '../views/pages.js'

/** What the routes need; `compose.ts` puts it together. */
export interface ChatPorts {
  readonly rows: ChatRows
  readonly queue: TurnQueue
  readonly database: Knex
  readonly news: News
  readonly feeds: ConversationFeeds
  readonly views: TurnViews
  readonly streams: Streams
  readonly users: Users
  readonly artifacts: MessageArtifacts
  readonly artifactStore: ArtifactStore
  readonly model: ModelInfo
  /** Prompts that the first page offers. */
  readonly suggestions: readonly string[]
  /** What the agent's server offers for a message. */
  readonly choices: () => Promise<Choices>
  /** The agent's server; null while it is not known. */
  readonly agent: () => AgentClient | null
  readonly agentState: () => AgentState
  readonly workspaces: Workspaces
  readonly address: PublicAddress
  readonly health: RequestListener
  readonly onError: (error: unknown, where?: string) => void
}

export function createApp(ports: ChatPorts): Express {
  const { rows, news, artifacts, artifactStore, address, users, onError } = ports
  const app = express()
  app.disable('x-powered-by')
  // Whoever balances the load knows no name, neither of this application nor of a user.
  app.get('/health', (request, response) => ports.health(request, response))
  app.use(knownHostsOnly(address))
  app.use(securityHeaders(contentSecurityPolicy))
  app.use('/assets', createAssets())
  app.use(sameOriginOnly(address))
  // The longest prompt: in the form's encoding a character may take nine bytes.
  app.use(express.urlencoded({ extended: false, limit: maxPromptLength * 9 + 1_000 }))
  app.use(logInRoutes(users))
  app.use(usersOnly(users))

  app.use(pageRoutes({ ...ports, rowsOf, frame, sendProblem }))

  app.post('/conversations', async (request, response) => {
    const written = await readMessage(request, artifactStore)
    if (typeof written === 'string') return refuse(request, response, written)
    const { message } = await keep(response, written, () =>
      rowsOf(response).startConversation(written),
    )
    tell(response, message.conversationId)
    response.redirect(303, `/conversations/${message.conversationId}`)
  })

  const listChange = createListChanges(rows)
  app.get('/stream', streamRoute({ ...ports, listChange, agentNow, isUnsettled }))

  app.post('/conversations/:id/messages', async (request, response) => {
    const conversation = await rowsOf(response).findConversation(parseRowId(request.params.id))
    if (conversation === null) return sendProblem(response, 404, 'There is no such conversation.')
    const written = await readMessage(request, artifactStore)
    if (typeof written === 'string') return refuse(request, response, written)
    const { replaces } = written
    const sent = await keep(response, written, () =>
      writeMessage(rowsOf(response), conversation.id, { written, replaces }),
    )
    if (typeof sent === 'string') return refuse(request, response, sent)
    tell(response, conversation.id)
    sendDone(request, response, conversation.id)
  })

  app.post('/messages/:id/stop', async (request, response) => {
    const message = await rowsOf(response).findMessage(parseRowId(request.params.id))
    if (message === null) return sendProblem(response, 404, 'There is no such message.')
    const reason = 'stopped by the reader'
    const isStopped = await rows.store.cancel({ turnId: message.id, reason })
    // No worker holds it, so none would stop the agent.
    if (isStopped && message.turn_status === 'waiting') await run(message)
    tell(response, message.conversationId)
    sendDone(request, response, message.conversationId)
  })

  app.post(
    '/messages/:id/asks/:askId',
    answerAsk({ store: rows.store, rowsOf, run, sendProblem, sendDone }),
  )

  app.use(conversationRoutes({ ...ports, rowsOf, tell, sendProblem }))
  app.use(messageRoutes({ store: rows.store, rowsOf, tell, sendDone, sendProblem }))

  const files = createFileRoutes({ rowsOf, store: artifactStore, artifacts, sendProblem })
  app.get('/messages/:id/files/:artifactId', files.made)
  app.get('/messages/:id/files.zip', files.archive)
  app.get('/messages/:id/uploads/:index', files.uploaded)
  app.get('/messages/:id/pictures/:partId/:index', pictureRoute({ ...ports, rowsOf, sendProblem }))

  app.use((_request, response) => sendProblem(response, 404, 'There is no such page.'))

  app.use(errorPages({ note: () => ({ model: ports.model, agent: ports.agentState() }), onError }))

  /** What is theirs. */
  function rowsOf(response: Response): UserRows {
    return rows.of(userOf(response).id)
  }

  function tell(response: Response, conversationId: number): void {
    news.tell(userOf(response).id, conversationId)
  }

  function agentNow(): string {
    return String(html`${agentChanges({ model: ports.model, agent: ports.agentState() })}`)
  }

  function isUnsettled(): boolean {
    return ports.agentState() !== 'up'
  }

  /** A turn that no worker holds is to be run again. */
  async function run({ id: turnId, conversationId }: Message): Promise<void> {
    await ports.queue.add(ports.database, { turnId, conversationId })
    ports.queue.wake({ turnId, conversationId })
  }

  /** Files without a row would stay for ever. */
  async function keep<Kept extends Sent | string>(
    response: Response,
    written: Written,
    write: () => Promise<Kept>,
  ): Promise<Kept> {
    try {
      const sent = await write()
      if (typeof sent === 'string' || !sent.isNew) await removeUploads(artifactStore, written)
      return sent
    } catch (error) {
      // Where the rows do not even say that, it may be kept: better a file too many than one too few.
      const isKept = await rowsOf(response)
        .isKept(written)
        .catch(() => true)
      if (!isKept) await removeUploads(artifactStore, written)
      throw error
    }
  }

  async function frame(response: Response, currentId: number | null, search = ''): Promise<Frame> {
    const { list } = rowsOf(response)
    const reader = readerOf(users, userOf(response))
    const agent = ports.agentState()
    return makeFrame({ list, model: ports.model, agent, reader, currentId, search })
  }

  /** A page with scripts keeps what was written. */
  async function refuse(request: Request, response: Response, text: string): Promise<void> {
    if (!takesTurboStreams(request)) return sendProblem(response, 422, text)
    const problem = turboStream('update', 'composer-problem', text)
    response.status(422).type(turboStreamType).send(String(problem))
  }

  async function sendProblem(response: Response, status: number, text: string): Promise<void> {
    const page = problemPage(
      await frame(response, null),
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
