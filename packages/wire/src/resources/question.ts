import type { QuestionRequest } from '../models.js'
import type { CallOptions } from '../operation-types.js'
import type { Request } from '../http/request.js'

/** Answers to all questions of one request. */
export interface QuestionReply {
  /** For each question, in order, the labels chosen or free text; an empty list leaves it unanswered. */
  answers: string[][]
}

/** Questions that agents wait for. They are bound to the directory. */
export interface QuestionResource {
  /** The open questions of the directory. */
  list(options?: CallOptions): Promise<QuestionRequest[]>
  /** Answers one request. Fails with `not_found` when it is not open any more. */
  reply(requestId: string, answer: QuestionReply, options?: CallOptions): Promise<boolean>
  /** Dismisses one request; the turn stops. Fails with `not_found` when it is not open any more. */
  reject(requestId: string, options?: CallOptions): Promise<boolean>
}

export function createQuestionResource(request: Request): QuestionResource {
  return {
    list: (options) => request('GET', '/question', options),
    reply: (requestId, body, options) =>
      request('POST', '/question/{requestID}/reply', {
        ...options,
        params: { requestID: requestId },
        body,
      }),
    reject: (requestId, options) =>
      request('POST', '/question/{requestID}/reject', {
        ...options,
        params: { requestID: requestId },
      }),
  }
}
