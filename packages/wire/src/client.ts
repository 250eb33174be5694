import {
  createEventsResource,
  createHubRegistry,
  type EventsResource,
  type HubRegistry,
} from './events/events.js'
import { readRawEvents } from './events/raw-stream.js'
import { createHttp, type Http } from './http/http.js'
import { resolveOptions, type ClientOptions, type Settings } from './options.js'
import { createRequester, type Request } from './http/request.js'
import {
  createAgentResource,
  createCommandResource,
  createConfigResource,
  createProviderResource,
  type AgentResource,
  type CommandResource,
  type ConfigResource,
  type ProviderResource,
} from './resources/config.js'
import {
  createFileResource,
  createFindResource,
  type FileResource,
  type FindResource,
} from './resources/file.js'
import { createFsResource, type FsResource } from './resources/fs.js'
import {
  createGlobalResource,
  createInstanceResource,
  type GlobalResource,
  type InstanceResource,
} from './resources/global.js'
import { createMcpResource, type McpResource } from './resources/mcp.js'
import { createMessageResource, type MessageResource } from './resources/message.js'
import { createPermissionResource, type PermissionResource } from './resources/permission.js'
import { createProjectResource, type ProjectResource } from './resources/project.js'
import { createPromptResource, type PromptResource } from './resources/prompt.js'
import { createPtyResource, type PtyResource } from './resources/pty.js'
import { createQuestionResource, type QuestionResource } from './resources/question.js'
import { createSessionResource, type SessionResource } from './resources/session.js'
import { createTuiResource, type TuiResource } from './resources/tui.js'
import { createVcsResource, type VcsResource } from './resources/vcs.js'
import type { Scope } from './http/scope.js'
import { createSentIds, type SentIds } from './http/sent-ids.js'

/** Everything that can be asked of a server, about one directory. */
export interface ScopedClient {
  /** Sessions and prompts. */
  readonly session: SessionResource
  /** Prompts, sent with certainty. */
  readonly prompt: PromptResource
  /** Single messages, parts, and pages of messages. */
  readonly message: MessageResource
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
  /** Folders and texts, as the server's own pages show them. */
  readonly file: FileResource
  /** Search in the project. */
  readonly find: FindResource
  /** Version control. */
  readonly vcs: VcsResource
  /** Configuration. */
  readonly config: ConfigResource
  /** Providers of models. */
  readonly provider: ProviderResource
  /** Agents that a prompt can name. */
  readonly agent: AgentResource
  /** Commands that `session.command` can run. */
  readonly command: CommandResource
  /** MCP servers. */
  readonly mcp: McpResource
  /** Terminals on the server's machine. */
  readonly pty: PtyResource
  /** Remote control of an attached terminal interface. */
  readonly tui: TuiResource
  /** Projects that the server knows. */
  readonly project: ProjectResource
  /** Live events. */
  readonly events: EventsResource
  /**
   * Any operation of the server's OpenAPI document, typed by it: `request('GET', '/session/{sessionID}',
   * { params: { sessionID } })`. Event streams come as an `AsyncIterable` that ends when the server ends it, and throws
   * `timeout` after `timeouts.streamOpenMs` without an answer or `timeouts.silenceMs` without a byte (not for
   * `/api/session/{sessionID}/event`, which is silent until there is an event). The answer is what the server said: unlike
   * the resources, this call does not check its shape.
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

/**
 * Makes a client. Nothing is sent yet.
 *
 * @throws TypeError or RangeError for options that cannot be meant.
 * @example
 * const client = createClient({ baseUrl: 'http://127.0.0.1:4096', password, directory: '/srv/project' })
 * const session = await client.session.create({ title: 'Hello' })
 * await client.close()
 */
export function createClient(options: ClientOptions = {}): Client {
  const settings = resolveOptions(options)
  const http = createHttp(settings, options.dispatcher)
  const hubs = createHubRegistry(http, settings)
  const close = async (): Promise<void> => {
    hubs.close()
    await http.close()
  }
  const { directory, workspace } = settings
  const context: Context = { http, settings, hubs, sentIds: createSentIds() }
  return {
    ...createScoped(context, { directory, workspace }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** What all scopes of a client share. */
interface Context {
  readonly http: Http
  readonly settings: Settings
  readonly hubs: HubRegistry
  readonly sentIds: SentIds
}

function createScoped(context: Context, scope: Scope): ScopedClient {
  const { http, settings, hubs, sentIds } = context
  const requester = createRequester(http, settings, scope, {
    sentIds,
    openEvents: (call, waits) => readRawEvents(http, settings, call, waits),
  })
  const { request } = requester
  return {
    session: createSessionResource(request),
    prompt: createPromptResource(requester, settings, sentIds),
    message: createMessageResource(requester),
    permission: createPermissionResource(request),
    question: createQuestionResource(request),
    instance: createInstanceResource(request),
    global: createGlobalResource(request),
    fs: createFsResource(requester),
    file: createFileResource(request),
    find: createFindResource(request),
    vcs: createVcsResource(request),
    config: createConfigResource(request),
    provider: createProviderResource(request),
    agent: createAgentResource(request),
    command: createCommandResource(request),
    mcp: createMcpResource(request),
    pty: createPtyResource(request),
    tui: createTuiResource(request),
    project: createProjectResource(request),
    events: createEventsResource(hubs, requester, scope),
    request: requester.requestAny,
    withScope: (other) => createScoped(context, { ...scope, ...other }),
  }
}
