import {
  createEventsResource,
  createHubRegistry,
  type EventsResource,
  type HubRegistry,
} from './events/events.js'
import { readRawEvents } from './events/raw-stream.js'
import { createHttp, type Http } from './http.js'
import { resolveOptions, type ClientOptions, type Settings } from './options.js'
import { createRequester, type Request } from './request.js'
import { createFsResource, type FsResource } from './resources/fs.js'
import {
  createGlobalResource,
  createInstanceResource,
  type GlobalResource,
  type InstanceResource,
} from './resources/global.js'
import { createPermissionResource, type PermissionResource } from './resources/permission.js'
import { createQuestionResource, type QuestionResource } from './resources/question.js'
import { createSessionResource, type SessionResource } from './resources/session.js'
import type { Scope } from './scope.js'

/** Everything that can be asked of a server, about one directory. */
export interface ScopedClient {
  /** Sessions and prompts. */
  readonly session: SessionResource
  /** Permissions that agents wait for. */
  readonly permission: PermissionResource
  /** Questions that agents wait for. */
  readonly question: QuestionResource
  /** The loaded directory. */
  readonly instance: InstanceResource
  /** The server as a whole. */
  readonly global: GlobalResource
  /** Exact bytes of files. */
  readonly fs: FsResource
  /** Live events. */
  readonly events: EventsResource
  /**
   * Any operation of the server's OpenAPI document, typed by it: `request('GET', '/session/{sessionID}',
   * { params: { sessionID } })`. Event streams come as an `AsyncIterable` that ends when the server ends it.
   */
  readonly request: Request
  /** The same client about another directory or workspace; connections stay shared. */
  withScope(scope: Scope): ScopedClient
}

/** A client of one server. It keeps connections open: close it. */
export interface Client extends ScopedClient {
  /** Ends everything under way with `closed` and frees all sockets; may be called again. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Makes a client. Nothing is sent yet. Throws `TypeError` or `RangeError` for options that cannot be meant. */
export function createClient(options: ClientOptions = {}): Client {
  const settings = resolveOptions(options)
  const http = createHttp(settings, options.dispatcher)
  const hubs = createHubRegistry(http, settings)
  const close = async (): Promise<void> => {
    hubs.close()
    await http.close()
  }
  const { directory, workspace } = settings
  return {
    ...createScoped(http, settings, hubs, { directory, workspace }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function createScoped(
  http: Http,
  settings: Settings,
  hubs: HubRegistry,
  scope: Scope,
): ScopedClient {
  const requester = createRequester(http, settings, scope, (call) =>
    readRawEvents(http, settings, call),
  )
  const { request } = requester
  return {
    session: createSessionResource(request),
    permission: createPermissionResource(request),
    question: createQuestionResource(request),
    instance: createInstanceResource(request),
    global: createGlobalResource(request),
    fs: createFsResource(requester),
    events: createEventsResource(hubs, requester, scope),
    request,
    withScope: (other) => createScoped(http, settings, hubs, { ...scope, ...other }),
  }
}
