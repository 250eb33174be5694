import type { ArtifactStore, MessageArtifacts } from '@turnstead/artifacts'
import { sessionUpstream } from '@turnstead/turn'
import { WireError, type ScopedClient } from '@turnstead/wire'
import { Router, type Response } from 'express'
import type { Workspaces } from '../agent/workspaces.js'
import type { Conversation } from '../rows/models.js'
import { removeConversation } from '../rows/remove-conversation.js'
import type { ChatRows } from '../rows/rows.js'
import type { UserRows } from '../rows/user-rows.js'
import { parseRowId } from './security.js'

/** What the pages ask of the agent's server themselves. */
export type AgentClient = Pick<ScopedClient, 'config' | 'agent'> & {
  withScope(scope: {
    readonly directory: string
  }): Pick<ScopedClient, 'session' | 'permission' | 'question'>
}

export interface ConversationRoutesOptions {
  readonly rows: Pick<ChatRows, 'store' | 'allTurns' | 'forget'>
  readonly rowsOf: (response: Response) => Pick<UserRows, 'findConversation' | 'list'>
  /** The agent's server; null while it is not known. */
  readonly agent: () => AgentClient | null
  readonly workspaces: Workspaces
  readonly artifacts: MessageArtifacts
  readonly artifactStore: ArtifactStore
  /** Tells the open pages that something about it has changed. */
  readonly tell: (response: Response, conversationId: number) => void
  readonly sendProblem: (response: Response, status: number, text: string) => Promise<void>
  readonly onError: (error: unknown, where: string) => void
}

const maxTitleLength = 200
const notRemoved =
  'OpenCode does not answer, so nothing can be stopped there. Nothing was removed; try again in a moment.'

/** What is done with a whole conversation: naming it, and removing it. */
export function conversationRoutes(options: ConversationRoutesOptions): Router {
  const { rowsOf, tell, sendProblem, workspaces, onError } = options
  const router = Router()
  const absent = (response: Response): Promise<void> =>
    sendProblem(response, 404, 'There is no such conversation.')
  const find = async (response: Response, id: unknown): Promise<Conversation | null> =>
    rowsOf(response).findConversation(parseRowId(id))

  router.post('/conversations/:id/title', async (request, response) => {
    const conversation = await find(response, request.params.id)
    if (conversation === null) return absent(response)
    const title = titleOf(request.body)
    if (title === null) return sendProblem(response, 422, 'A title has 1 to 200 characters.')
    await rowsOf(response).list.rename(conversation.id, title)
    tell(response, conversation.id)
    response.redirect(303, `/conversations/${conversation.id}`)
  })

  router.post('/conversations/:id/delete', async (request, response) => {
    const conversation = await find(response, request.params.id)
    if (conversation === null) return absent(response)
    if (!(await remove(conversation))) return sendProblem(response, 503, notRemoved)
    tell(response, conversation.id)
    response.redirect(303, '/')
  })

  /** Ends what runs in it and removes all that there is of it; false when OpenCode cannot be told. */
  async function remove(conversation: Conversation): Promise<boolean> {
    const directory = workspaces.directoryOf(conversation)
    const client = options.agent()?.withScope({ directory })
    if (client === undefined) return false
    try {
      await removeConversation(conversation.id, { ...options, upstream: sessionUpstream(client) })
    } catch (error) {
      if (!WireError.is(error)) throw error
      onError(error, `conversation ${conversation.id}, removal`)
      return false
    }
    await workspaces.remove(conversation)
    return true
  }

  return router
}

function titleOf(form: unknown): string | null {
  const { title } = Object(form) as { title?: unknown }
  if (typeof title !== 'string') return null
  const line = title.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim()
  return line === '' || line.length > maxTitleLength ? null : line
}
