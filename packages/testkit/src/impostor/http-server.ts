import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FaultPlan } from '../faults/fault-plan.js'
import type { WritableJournal } from '../journal.js'
import { readBody } from '../loopback.js'
import { catalogueRoutes } from './routes/catalogue-routes.js'
import { absentRoutes } from './routes/absent-routes.js'
import { askRoutes } from './routes/ask-routes.js'
import { fileRoutes } from './routes/file-routes.js'
import { gitRoutes } from './routes/git-routes.js'
import { messageRoutes } from './routes/message-routes.js'
import { promptRoutes } from './routes/prompt-routes.js'
import { serverRoutes } from './routes/server-routes.js'
import { settingsRoutes } from './routes/settings-routes.js'
import { syncRoutes } from './routes/sync-routes.js'
import { sessionRoutes } from './routes/session-routes.js'
import { tuiRoutes } from './routes/tui-routes.js'
import { workRoutes } from './routes/work-routes.js'
import type { World } from './state/world.js'
import { checkRequest } from './http/check-request.js'
import { authenticate, type Credentials } from './http/authenticate.js'
import { streamEvents, type StreamControl } from './http/event-stream.js'
import { answerPreflight, originHeaders } from './http/origins.js'
import { Refusal, unexpected, type Outcome } from './http/outcome.js'
import { readPath } from './http/request-path.js'
import { parseBody, redactHeaders, redactQuery, type LoggedRequest } from './http/request-log.js'
import { findRoute, type Route } from './http/router.js'
import { isFile, toDirectory } from './state/directories.js'
import { sendOutcome } from './http/send-outcome.js'
import { answerUnspoken, findOperation } from './http/unspoken.js'
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
  ...gitRoutes,
  ...serverRoutes,
  ...catalogueRoutes,
  ...syncRoutes,
  ...settingsRoutes,
  ...absentRoutes,
  ...tuiRoutes,
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
  const target = incoming.url ?? '/'
  // A path may begin with two slashes, which a relative address takes for a host.
  const url = new URL(target.startsWith('/') ? `http://127.0.0.1${target}` : target)
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
      { fault: null, clock: world.clock, headers: originHeaders(incoming), signal },
    )
  }
  const outcome = await route(world, method, url, incoming, rawBody, options)
  if (outcome === 'events' || outcome === 'global-events') {
    entry.status = 200
    const directory = outcome === 'events' ? directoryOf(world, url, incoming) : null
    streamEvents(world, response, directory, {
      headers: originHeaders(incoming),
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
    const asked = readPath(incoming.url ?? '/')
    const found = findOperation(method, asked)
    const directory = directoryOf(world, url, incoming)
    const isInside = found !== null && !withoutDirectory.test(found.line)
    // A session that there is stands for its own directory.
    const session = world.sessions.get(found?.params['sessionID'] ?? '')
    if (isInside && !session && isFile(world, directory)) throw unexpected(world)
    const query = url.searchParams
    const contentType = incoming.headers['content-type']
    const body = found
      ? checkRequest(world, { ...found, query, contentType, rawBody, rawPath: asked.raw })
      : {}
    if (found?.line === 'GET /event') return 'events'
    if (found?.line === 'GET /global/event') return 'global-events'
    const spoken = findRoute(routes, method, asked)
    // A word of the document is not what a route with a parameter in its place takes it for.
    const isOther =
      found !== null && spoken !== null && shape(found.line) !== shape(spoken.route.line)
    if (!spoken || isOther) return answerUnspoken(method, path, found !== null)
    return await spoken.route.handler({
      world,
      method,
      path,
      params: spoken.params,
      query,
      headers: incoming.headers,
      directory: session?.info.directory ?? directory,
      body,
    })
  } catch (error) {
    return error instanceof Refusal ? error.outcome : unexpected(world).outcome
  }
}

function shape(line: string): string {
  return line.replaceAll(/[:*]\w*/gu, ':')
}

/** Operations of the whole server, and the newer ones, which name their directory otherwise. */
const withoutDirectory = /^\w+ \/(global|auth|log|api)(\/|$)/u

/** Query before header before the server's own directory. */
function directoryOf(world: World, url: URL, incoming: IncomingMessage): string {
  const header = incoming.headers['x-opencode-directory']
  const given = url.searchParams.get('directory') || (typeof header === 'string' ? header : '')
  return toDirectory(world, given)
}
