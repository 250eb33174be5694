import { turboStream, turboStreamType } from '@turnstead/reply/turbo'
import type { Request, RequestHandler, Response } from 'express'
import type { Message } from '../rows/models.js'
import type { ChatRows } from '../rows/rows.js'
import type { UserRows } from '../rows/user-rows.js'
import { askProblemId } from '../views/asks.js'
import { readDecision } from './decisions.js'
import { userOf } from './log-in.js'
import { parseRowId } from './security.js'
import { takesTurboStreams } from './turbo-requests.js'

export interface AnswerAskOptions {
  readonly store: Pick<ChatRows['store'], 'read' | 'answerAsk'>
  readonly rowsOf: (response: Response) => Pick<UserRows, 'findMessage'>
  /** No process holds the turn: runs it again. */
  readonly run: (message: Message) => Promise<void>
  readonly sendProblem: (response: Response, status: number, text: string) => Promise<void>
  readonly sendDone: (request: Request, response: Response, conversationId: number) => void
}

/** The user's answer to what the agent asks in this turn, and in no other: into the row, from where the worker sends it. */
export function answerAsk({
  store,
  rowsOf,
  run,
  sendProblem,
  sendDone,
}: AnswerAskOptions): RequestHandler<{ id: string; askId: string }> {
  return async (request, response) => {
    const message = await rowsOf(response).findMessage(parseRowId(request.params.id))
    const turn = message === null ? null : await store.read(message.id)
    if (turn === null || message === null) {
      return sendProblem(response, 404, 'There is no such message.')
    }
    const turnId = message.id
    /** A page with scripts keeps the form, with what was chosen and typed. */
    const refuse = async (status: number, text: string): Promise<void> => {
      if (!takesTurboStreams(request as Request)) return sendProblem(response, status, text)
      const problem = turboStream('update', askProblemId(turnId, request.params.askId), text)
      response.status(status).type(turboStreamType).send(String(problem))
    }

    const { askId } = request.params
    const ask = turn.asks.find(({ id }) => id === askId)
    if (ask === undefined) return refuse(409, 'This turn has no such question.')
    const decision = readDecision(ask, request.body)
    if (decision === null) return refuse(422, 'Choose an answer first.')
    // Where it was not taken, another page was first or the turn is over: both show already.
    const answer = await store.answerAsk({ turnId, askId, decision, by: userOf(response).id })
    if (answer.accepted && answer.isParked) await run(message)
    sendDone(request as Request, response, Number(turn.conversationId))
  }
}
