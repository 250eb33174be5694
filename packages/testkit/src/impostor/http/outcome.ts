import type { Json } from '../state/records.js'
import type { World } from '../state/world.js'

/** What a route answers. */
export interface Outcome {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON; `undefined` together with no `bytes` sends an empty body. */
  readonly json?: unknown
  /** Sent as it is; give a content type with it. */
  readonly bytes?: Uint8Array | string
  /** Runs once the answer is on its way, as work that the server does not wait for. */
  readonly afterwards?: () => void
}

/** A request as routes see it. */
export interface Call {
  readonly world: World
  readonly method: string
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The directory that the request is about. */
  readonly directory: string
  /** The body as the server's document has it; empty where there is none. */
  readonly body: Json
}

/** Answers a request with something else than what the route would have; thrown inside routes. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal'
  readonly outcome: Outcome

  constructor(outcome: Outcome) {
    super(`answered ${outcome.status}`)
    this.outcome = outcome
  }
}

/** 200 with JSON. */
export function ok(json: unknown): Outcome {
  return { status: 200, json }
}

/** Anything unexpected, malformed ids and broken JSON included. */
export function unexpected(world: World): Refusal {
  return new Refusal({
    status: 500,
    json: {
      name: 'UnknownError',
      data: {
        message: 'Unexpected server error. Check server logs for details.',
        ref: `err_${world.identity.hex(8)}`,
      },
    },
  })
}

/** A violation of the schema. */
export function badRequest(
  message: string,
  kind: 'Payload' | 'Params' | 'Query' | 'Body' = 'Payload',
): Refusal {
  return new Refusal({ status: 400, json: { name: 'BadRequest', data: { message, kind } } })
}

/** The short form that session creation and forking use. */
export function plainBadRequest(): Refusal {
  return new Refusal({ status: 400, json: { _tag: 'BadRequest' } })
}

/** An unknown session or message. */
export function notFound(message: string): Refusal {
  return new Refusal({ status: 404, json: { name: 'NotFoundError', data: { message } } })
}

/** A session that answers a prompt. */
export function busy(sessionID: string): Refusal {
  return new Refusal({
    status: 409,
    json: { _tag: 'SessionBusyError', sessionID, message: `Session is busy: ${sessionID}` },
  })
}

/** An unknown permission request or question. */
export function askNotFound(what: 'Permission' | 'Question', requestID: string): Refusal {
  return new Refusal({
    status: 404,
    json: {
      _tag: `${what}NotFoundError`,
      requestID,
      message: `${what} request not found: ${requestID}`,
    },
  })
}
