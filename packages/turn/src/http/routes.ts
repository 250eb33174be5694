import { type ErrorContext, reportSafely } from '../errors.js'
import type { RowId } from '../ports.js'
import { refuse } from './answers.js'
import { createHandlers } from './handlers.js'
import { isId, matchRoute, type RouteIds, type RouteName } from './match.js'
import type { RouteAccess, RouteFile, TurnRoutesOptions } from './options.js'
import { type ReadBody, readJson, refuseHeaders } from './read-json.js'

/** Answers a request; null when it is for none of its routes. Never rejects. */
export type TurnRoutes = (request: Request) => Promise<Response | null>

/**
 * The routes of a web process, the same on every framework: start a turn, follow it, stop it, answer what its agent asks, and its
 * files. The process needs the rows and, to be quick, a notifier, but no client of OpenCode.
 *
 * | Route | Answer |
 * |---|---|
 * | `POST /conversations/:conversationId/turns` with `{ text, delivery? }` | 201 `{ turnId, delivery }` |
 * | `GET /turns/:turnId/events` | server-sent events, with `Last-Event-ID`; 204 after the end |
 * | `POST /chat`, `GET /chat/:conversationId/stream` | what `useChat` asks for when its `api` is this and its `id` the conversation's; 204 when nothing runs |
 * | `POST /turns/:turnId/stop` | `{ stopped }` |
 * | `POST /turns/:turnId/withdraw` | `{ outcome: 'withdrawn' }`; 409 when a worker has it, or it is over |
 * | `POST /turns/:turnId/asks/:askId` with an `AskDecision` | `{ outcome: 'done' }`; 400 when it does not fit, 409 when it comes too late |
 * | `GET /turns/:turnId/files` | `{ files }` |
 * | `GET /turns/:turnId/files/:fileId` | the file |
 *
 * What is refused is answered `{ error: { code, message } }`. A POST must have the content type `application/json`, which no form of
 * another site can send: give your cookies `SameSite` too, and let no rule of CORS admit other sites to these routes.
 *
 * @throws TypeError without `authorize` or `begin` or for a wrong `prefix` or `views.root`, RangeError for a wrong `maxBodyBytes`.
 *
 * @example
 * const routes = createTurnRoutes({ store, notifier, authorize, begin, prefix: '/agent' })
 * expressApp.use(toNodeListener(routes))
 * honoApp.use(async ({ req }, next) => (await routes(req.raw)) ?? next())
 */
export function createTurnRoutes<UserId extends RowId, File extends RouteFile>(
  options: TurnRoutesOptions<UserId, File>,
): TurnRoutes {
  const { authorize, openTurn, files, prefix = '', maxBodyBytes = 4 * 1024 * 1024 } = options
  checkOptions(options)
  const handlers = createHandlers(options)
  const without = new Set<RouteName>([
    ...(openTurn === undefined ? (['chat', 'resume'] as const) : []),
    ...(files === undefined ? (['files', 'file'] as const) : []),
    ...(options.store.withdraw === undefined ? (['withdraw'] as const) : []),
  ])

  async function answer(request: Request, name: RouteName, path: RouteIds): Promise<Response> {
    const isPost = request.method === 'POST'
    const unread = isPost ? refuseHeaders(request, maxBodyBytes) : null
    if (unread !== null) return unread
    const read = (): Promise<ReadBody> => readJson(request, maxBodyBytes)
    // `useChat` names the conversation in the body; of others nothing is read before it is known whose they are.
    const early = name === 'chat' ? await read() : noBody
    if (early.refused !== null) return early.refused
    const { id } = early.body
    const ids: RouteIds = { ...path, ...(isId(id) && { conversationId: id }) }
    if (ids.turnId === '' && ids.conversationId === '') return refuse('invalid_body')
    const allowed = await authorize(accessTo(request, name, ids))
    // A host without types may forget to return: who is not known is no one.
    const userId = allowed === null || allowed === false ? null : (allowed?.userId ?? null)
    if (userId === null) return refuse('not_found')
    const { body, refused } = name !== 'chat' && isPost ? await read() : early
    if (refused !== null) return refused
    return (await handlers[name]({ request, userId, ids, body })) ?? refuse('not_found')
  }

  return async (request) => {
    const match = matchRoute(request, { prefix, without })
    if (match === null) return null
    if (match.allow !== null) return refuse('method_not_allowed', { allow: match.allow })
    try {
      const response = await answer(request, match.name, match.ids)
      return request.method === 'HEAD' ? await withoutBody(response) : response
    } catch (error) {
      // What fails because no one waits for it any more is no failure.
      if (!request.signal.aborted) reportSafely(options.onError, error, contextOf(match.ids))
      return refuse('failed')
    }
  }
}

const noBody: ReadBody = { body: {}, refused: null }

const actions: Readonly<Record<RouteName, RouteAccess['action']>> = {
  start: 'start',
  chat: 'start',
  resume: 'follow',
  events: 'follow',
  stop: 'stop',
  withdraw: 'stop',
  answer: 'answer',
  files: 'files',
  file: 'files',
}

function accessTo(request: Request, name: RouteName, ids: RouteIds): RouteAccess {
  const { turnId, conversationId } = ids
  const to = { request, action: actions[name] }
  return turnId === '' ? { ...to, conversationId } : { ...to, turnId }
}

function contextOf({ turnId, conversationId }: RouteIds): ErrorContext {
  return { step: 'route', turnId: turnId || null, conversationId: conversationId || null }
}

async function withoutBody({ body, status, headers }: Response): Promise<Response> {
  await body?.cancel()
  return new Response(null, { status, headers })
}

function checkOptions<UserId extends RowId, File extends RouteFile>({
  authorize,
  begin,
  prefix = '',
  maxBodyBytes = 0,
  views: { root } = {},
}: Partial<TurnRoutesOptions<UserId, File>>): void {
  for (const [name, value] of Object.entries({ authorize, begin })) {
    if (typeof value !== 'function') throw new TypeError(`\`${name}\` must be a function`)
  }
  if (prefix !== '' && !/^\/.*[^/]$/.test(prefix)) {
    throw new TypeError('`prefix` must begin with a slash and not end with one')
  }
  const roots: readonly unknown[] = Array.isArray(root) ? root : [root ?? '']
  if (roots.some((each) => typeof each !== 'string')) {
    throw new TypeError('`views.root` must be a path, some paths, or null')
  }
  if (!(maxBodyBytes >= 0)) throw new RangeError('`maxBodyBytes` must be a number of bytes')
}
