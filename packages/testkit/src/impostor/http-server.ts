import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FaultPlan } from '../faults/fault-plan.js'
import type { WritableJournal } from '../journal.js'
import { readBody } from '../loopback.js'
import { askRoutes } from './routes/ask-routes.js'
import { fileRoutes } from './routes/file-routes.js'
import { messageRoutes } from './routes/message-routes.js'
import { promptRoutes } from './routes/prompt-routes.js'
import { serverRoutes } from './routes/server-routes.js'
import { syncRoutes } from './routes/sync-routes.js'
import { sessionRoutes } from './routes/session-routes.js'
import { workRoutes } from './routes/work-routes.js'
import type { World } from './state/world.js'
import { authenticate, type Credentials } from './http/authenticate.js'
import { streamEvents, type StreamControl } from './http/event-stream.js'
import { answerPreflight, originHeaders } from './http/origins.js'
import { Refusal, unexpected, type Outcome } from './http/outcome.js'
import { parseBody, redactHeaders, redactQuery, type LoggedRequest } from './http/request-log.js'
import { findRoute, type Route } from './http/router.js'
import { sendOutcome } from './http/send-outcome.js'
import { answerUnspoken } from './http/unspoken.js'
import { realTime } from '../real-time.js'

/** What the HTTP shell needs. */
export interface ShellOptions {
  /** The world of the moment; a restart that forgets replaces it. */
  readonly world: () => World
  readonly credentials: Credentials | null
  readonly faults: FaultPlan
  readonly journal: WritableJournal<LoggedRequest>
  readonly control: StreamControl
  readonly heartbeatMs: number
  /** Whether connections are taken and never answered. */
  readonly isDeaf: () => boolean
  /** Aborted when the process of the moment dies; what waits on the clock for it then stops. */
  readonly life: () => AbortSignal
}

const routes: readonly Route[] = [
  ...promptRoutes,
  ...sessionRoutes,
  ...messageRoutes,
  ...askRoutes,
  ...workRoutes,
  ...fileRoutes,
  ...serverRoutes,
  ...syncRoutes,
]

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** Makes the request handler: journal, faults, credentials, routes. */
export function createShell(
  options: ShellOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  let count = 0
  return (incoming, response) => {
    if (options.isDeaf()) return
    count += 1
    answer(incoming, response, count, options).catch(() => response.destroy())
  }
}

async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  number: number,
  options: ShellOptions,
): Promise<void> {
  const method = incoming.method ?? 'GET'
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1')
  const signal = options.life()
  const planned = options.faults.take({ method, path: url.pathname })
  const { answer: fault } = planned
  const entry: Mutable<LoggedRequest> = {
    number,
    method,
    path: url.pathname,
    query: redactQuery(url.searchParams),
    headers: redactHeaders(incoming.headers),
    body: null,
    status: null,
    fault: fault?.kind ?? planned.stream[0]?.kind ?? null,
    isUnspoken: false,
  }
  if (fault?.kind === 'refuse') {
    options.journal.push(entry)
    incoming.socket.resetAndDestroy()
    return
  }
  const rawBody = (await readBody(incoming)).toString('utf8')
  entry.body = parseBody(rawBody)
  options.journal.push(entry)
  if (fault?.kind === 'stall') return
  const world = options.world()
  if (fault?.kind === 'delay') await world.clock.sleep(fault.ms, { signal })
  if (fault?.kind === 'status') {
    entry.status = fault.status
    return sendOutcome(
      response,
      { status: fault.status, headers: fault.headers, bytes: fault.body },
      { fault: null, clock: world.clock, headers: {}, signal },
    )
  }
  const outcome = await route(world, method, url, incoming, rawBody, options)
  if (outcome === 'events' || outcome === 'global-events') {
    entry.status = 200
    const directory = outcome === 'events' ? directoryOf(world, url, incoming) : null
    streamEvents(world, response, directory, {
      faults: planned.stream,
      control: options.control,
      heartbeatMs: options.heartbeatMs,
    })
    return
  }
  entry.status = fault?.kind === 'lose-answer' ? null : outcome.status
  entry.isUnspoken = outcome.status === 501
  if (outcome.afterwards) realTime.setImmediate(outcome.afterwards)
  await sendOutcome(response, outcome, {
    fault,
    clock: world.clock,
    headers: originHeaders(incoming),
    signal,
  })
}

async function route(
  world: World,
  method: string,
  url: URL,
  incoming: IncomingMessage,
  rawBody: string,
  options: ShellOptions,
): Promise<Outcome | 'events' | 'global-events'> {
  try {
    const path = url.pathname
    authenticate(options.credentials, {
      method,
      path,
      query: url.searchParams,
      authorization: incoming.headers.authorization,
    })
    if (method === 'OPTIONS') return answerPreflight(incoming)
    if (method === 'GET' && path === '/event') return 'events'
    if (method === 'GET' && path === '/global/event') return 'global-events'
    const found = findRoute(routes, method, path)
    if (!found) return answerUnspoken(method, path)
    return await found.route.handler({
      world,
      method,
      path,
      params: found.params,
      query: url.searchParams,
      headers: incoming.headers,
      directory: directoryOf(world, url, incoming),
      rawBody,
    })
  } catch (error) {
    return error instanceof Refusal ? error.outcome : unexpected(world).outcome
  }
}

/** Query before header before the server's own directory. */
function directoryOf(world: World, url: URL, incoming: IncomingMessage): string {
  const header = incoming.headers['x-opencode-directory']
  const given =
    url.searchParams.get('directory') ?? (typeof header === 'string' ? decodeHeader(header) : null)
  return given === null || given === '' ? world.settings.directory : given
}

function decodeHeader(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
