import { Router, type Request, type Response } from 'express'
import type { Message } from '../rows/models.js'
import type { ChatRows } from '../rows/rows.js'
import type { UserRows } from '../rows/user-rows.js'
import { parseRowId } from './security.js'
import { whyNotReplaced } from './write-message.js'

export interface MessageRoutesOptions {
  readonly store: Pick<ChatRows['store'], 'withdraw'>
  readonly rowsOf: (response: Response) => Pick<UserRows, 'findMessage' | 'replaceMessage'>
  /** Tells the open pages that something about the conversation has changed. */
  readonly tell: (response: Response, conversationId: number) => void
  readonly sendDone: (request: Request, response: Response, conversationId: number) => void
  readonly sendProblem: (response: Response, status: number, text: string) => Promise<void>
}

/** What can be done with one message: asking it again in its own place, taking it back, taking its answer along. */
export function messageRoutes(options: MessageRoutesOptions): Router {
  const { rowsOf, sendDone, sendProblem, tell } = options
  const router = Router()
  const absent = (response: Response): Promise<void> =>
    sendProblem(response, 404, 'There is no such message.')

  const find = async (response: Response, id: unknown): Promise<Message | null> =>
    rowsOf(response).findMessage(parseRowId(id))

  router.post('/messages/:id/again', async (request, response) => {
    const message = await find(response, request.params.id)
    if (message === null) return absent(response)
    const { body, files: uploads, chosen, conversationId } = message
    const { model, agent } = chosen
    const prompt = { ...(model !== null && { model }), ...(agent !== null && { agent }) }
    const sent = await rowsOf(response).replaceMessage(message, { body, uploads, prompt })
    if (sent === 'open') return sendProblem(response, 409, whyNotReplaced.open)
    // Where another page was first, this one shows it.
    if (sent !== 'replaced') tell(response, conversationId)
    sendDone(request as Request, response, conversationId)
  })

  router.post('/messages/:id/withdraw', async (request, response) => {
    const message = await find(response, request.params.id)
    if (message === null) return absent(response)
    const outcome = await options.store.withdraw(message.id)
    // Where it is over or just begun, the page shows that.
    if (outcome === 'withdrawn') tell(response, message.conversationId)
    sendDone(request as Request, response, message.conversationId)
  })

  router.get('/messages/:id/answer.md', async (request, response) => {
    const message = await find(response, request.params.id)
    if (message === null) return absent(response)
    response
      .set('cache-control', 'no-store')
      .set('content-disposition', 'inline; filename="answer.md"')
      .type('text/plain')
      .send(message.turn_text ?? '')
  })

  return router
}
