import type { IncomingHttpHeaders } from 'node:http'

import { channels, type RequestTrace } from '../channels.js'
import { WireError } from '../errors.js'
import { assertAllowed, assertIds } from '../guards.js'
import type { Http, HttpCall } from './http.js'
import { readJson } from './json-answer.js'
import { assertShape } from './shapes.js'
import type {
  CallOptions,
  Method,
  PathFor,
  RequestArguments,
  ResponseOf,
} from '../operation-types.js'
import type { Settings } from '../options.js'
import { jitteredDelayMs } from '../retry-policy.js'
import { scopeQuery, type Scope } from './scope.js'
import { guardMessageId, type SentIds } from './sent-ids.js'
import { download, send, type Answer, type Budget, type OpenAnswer } from './send.js'
import { trace } from './trace.js'
import { fillPath, formatQuery, type QueryValue } from '../values/url.js'

/** Calls any operation of the server by its method and its path in the OpenAPI document. */
export type Request = <M extends Method, P extends PathFor<M>>(
  method: M,
  path: P,
  ...options: RequestArguments<M, P>
) => Promise<ResponseOf<M, P>>

/** A call whose types are checked elsewhere. */
export interface LooseCall extends CallOptions {
  params?: Readonly<Record<string, unknown>> | undefined
  query?: Readonly<Record<string, unknown>> | undefined
  body?: unknown
  /** Called right before the request is written; what it throws ends the call, and nothing was sent then. */
  beforeWrite?: (() => void) | undefined
}

/** An answer with its JSON read. */
export interface JsonAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly data: unknown
}

/** Everything that resources need to talk to their server. */
export interface Requester {
  /** For resources: fails with `malformed_response` for an answer of another shape than the operation's. */
  readonly request: Request
  /** For any operation, at the caller's own risk: the answer is what the server said. */
  readonly requestAny: Request
  /** As `request`, with the answer's headers. */
  readonly fetchJson: (method: Method, path: string, call: LooseCall) => Promise<JsonAnswer>
  /** The answer as a stream of bytes. */
  readonly open: (path: string, call: LooseCall) => Promise<OpenAnswer>
  /** A call as the connection layer takes it. */
  readonly bind: (method: Method, path: string, call: LooseCall, accept: string) => HttpCall
}

/** How long a stream may keep its reader waiting; 0 means forever. */
export interface StreamWaits {
  /** For its head. */
  readonly open: Budget
  /** For the next byte, in milliseconds. */
  readonly silenceMs: number
}

/** Opens one of the endpoints that answer with an endless stream of events. */
export type OpenEvents = (call: HttpCall, waits: StreamWaits) => AsyncIterable<unknown>

const jsonType = 'application/json'
/** Says nothing, not even that it is there, until there is an event; so it cannot be watched. */
const silentStream = '/api/session/{sessionID}/event'
const streams = new Set(['/event', '/global/event', '/api/event', silentStream])
/** These answer when the agent has finished, not when the request is accepted. */
const untilTurnEnds =
  /^POST \/(session\/\{sessionID\}\/(message|command|shell|summarize|init)|api\/session\/\{sessionID\}\/(wait|compact))$/

export function createRequester(
  http: Http,
  settings: Settings,
  scope: Scope,
  { sentIds, openEvents }: { readonly sentIds: SentIds; readonly openEvents: OpenEvents },
): Requester {
  const bind = (method: Method, path: string, call: LooseCall, accept: string): HttpCall => {
    const params = call.params ?? {}
    const filled = fillPath(path, params)
    const label = `${method} ${path.includes('*') ? path : filled}`
    assertIds(label, path, params)
    assertAllowed(path, call.body, settings)
    const query = formatQuery(
      scopeQuery(path, scope),
      (call.query ?? {}) as Record<string, QueryValue>,
    )
    return {
      method,
      path: query === '' ? filled : `${filled}?${query}`,
      label,
      accept,
      body: call.body === undefined ? undefined : JSON.stringify(call.body),
      signal: call.signal,
      beforeWrite: call.beforeWrite,
    }
  }

  const sendCall = async (
    method: Method,
    path: string,
    call: LooseCall,
    accept: string,
  ): Promise<Answer> => {
    const bound = bind(method, path, call, accept)
    const budget = budgetOf(settings, method, path, call)
    const sendOnce = (): Promise<Answer> => {
      if (!channels.request.hasSubscribers) return send(http, settings, bound, budget)
      const context = toTrace(method, path, call)
      return trace(channels.request, context, call.signal, () =>
        observe(context, send(http, settings, bound, budget)),
      )
    }
    if (method !== 'GET') {
      const { params, body } = call
      return await guardMessageId(
        sentIds,
        { path, sessionId: params?.['sessionID'], body },
        sendOnce,
      )
    }
    for (let failures = 1; ; failures += 1) {
      try {
        return await sendOnce()
      } catch (error) {
        if (failures > settings.readRetries || !WireError.is(error) || !error.retryable) throw error
        const wait = jitteredDelayMs(settings.reconnect, failures, settings.random)
        await settings.clock.sleep(wait, call.signal === undefined ? {} : { signal: call.signal })
      }
    }
  }

  const fetchAny = async (method: Method, path: string, call: LooseCall): Promise<JsonAnswer> => {
    const answer = await sendCall(method, path, call, jsonType)
    const { status, headers } = answer
    return { status, headers, data: readJson(`${method} ${path}`, answer) }
  }

  const fetchJson: Requester['fetchJson'] = async (method, path, call) => {
    const answer = await fetchAny(method, path, call)
    assertShape(method, path, answer)
    return answer
  }

  const run = async (
    check: typeof assertShape | null,
    method: Method,
    path: string,
    call: LooseCall = {},
  ): Promise<unknown> => {
    if (method === 'GET') {
      if (streams.has(path)) {
        return openEvents(bind(method, path, call, 'text/event-stream'), {
          open: budgetOf(settings, method, path, call),
          silenceMs: path === silentStream ? 0 : settings.timeouts.silenceMs,
        })
      }
      if (path === '/vcs/diff/raw')
        return (await sendCall(method, path, call, 'text/x-diff')).body.toString()
      if (path === '/api/fs/read/*') return (await sendCall(method, path, call, '*/*')).body
    }
    const answer = await fetchAny(method, path, call)
    check?.(method, path, answer)
    return answer.data
  }

  return {
    request: run.bind(null, assertShape) as Request,
    requestAny: run.bind(null, null) as Request,
    fetchJson,
    open: async (path, call) =>
      await download(
        http,
        settings,
        bind('GET', path, call, '*/*'),
        budgetOf(settings, 'GET', path, call),
      ),
    bind,
  }
}

function budgetOf(settings: Settings, method: Method, path: string, call: CallOptions): Budget {
  const { timeoutMs } = call
  if (timeoutMs !== undefined) {
    if (timeoutMs >= 0) return { ms: timeoutMs, name: 'timeoutMs' }
    throw new RangeError('`timeoutMs` must be a number that is not negative')
  }
  if (path === silentStream) return { ms: 0, name: 'timeoutMs' }
  if (streams.has(path))
    return { ms: settings.timeouts.streamOpenMs, name: 'timeouts.streamOpenMs' }
  if (untilTurnEnds.test(`${method} ${path}`)) {
    return { ms: settings.timeouts.turnMs, name: 'timeouts.turnMs' }
  }
  return { ms: settings.timeouts.requestMs, name: 'timeouts.requestMs' }
}

function toTrace(method: Method, route: string, call: LooseCall): RequestTrace {
  const sessionId = call.params?.['sessionID']
  return { method, route, sessionId: typeof sessionId === 'string' ? sessionId : null }
}

/** Notes in the trace how a request ended. */
async function observe(context: RequestTrace, answering: Promise<Answer>): Promise<Answer> {
  try {
    const answer = await answering
    context.status = answer.status
    return answer
  } catch (error) {
    if (WireError.is(error)) {
      if (error.status !== undefined) context.status = error.status
      context.delivered = error.delivered
    }
    throw error
  }
}
