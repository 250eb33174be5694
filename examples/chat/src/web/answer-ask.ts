import { turboStream, turboStreamType } from '@turnstead/reply/turbo'
import type { Request, RequestHandler, Response } from 'express'
import type { Worker } from '../jobs/worker.js'
import type { TurnViews } from '../live/turn-views.js'
import type { ChatRows } from '../rows/rows.js'
import { askProblemId } from '../views/asks.js'
import { readDecision } from './decisions.js'
import { parseRowId } from './security.js'
import { takesTurboStreams } from './turbo-requests.js'

export interface AnswerAskOptions {
  readonly rows: Pick<ChatRows, 'findMessage'>
  readonly views: Pick<TurnViews, 'openAsks'>
  readonly worker: Pick<Worker, 'decide' | 'live'>
  readonly sendProblem: (response: Response, status: number, text: string) => Promise<void>
  readonly sendDone: (request: Request, response: Response, conversationId: number) => void
}

/** The user's answer to what the agent asks in this turn, and in no other. */
export function answerAsk({
  rows,
  views,
  worker,
  sendProblem,
  sendDone,
}: AnswerAskOptions): RequestHandler<{ id: string; askId: string }> {
  return async (request, response) => {
    const message = await rows.findMessage(parseRowId(request.params.id))
    if (message === null) return sendProblem(response, 404, 'There is no such message.')
    const ask = views.openAsks(message).find(({ id }) => id === request.params.askId)
    // Where it is not open any more, another page was first or the turn is over: both show already.
    if (ask === undefined) return sendDone(request as Request, response, message.conversationId)
    const problemId = askProblemId(message.id, ask.id)
    /** A page with scripts keeps the form, with what was chosen and typed. */
    const refuse = async (status: number, text: string): Promise<void> => {
      if (!takesTurboStreams(request as Request)) return sendProblem(response, status, text)
      const problem = turboStream('update', problemId, text)
      response.status(status).type(turboStreamType).send(String(problem))
    }

    const decision = readDecision(ask, request.body)
    if (decision === null) return refuse(422, 'Choose an answer first.')
    const isTaken = await worker.decide(ask, decision)
    // A turn that runs here shows what became of the ask; of another process only the row is known.
    if (!isTaken && worker.live(message.id) === null) return refuse(409, notTaken)
    sendDone(request as Request, response, message.conversationId)
  }
}

const notTaken =
  'The answer could not be given: the agent’s server, as this process reaches it, does not know the question.'
