/**
 * Talk to an OpenCode server: typed requests and one shared event stream that comes back by itself.
 *
 * ```ts
 * const client = createClient({ baseUrl, password, directory })
 * const session = await client.session.create()
 * const events = client.events.subscribe({ session: session.id })
 * await events.ready
 * await client.session.promptAsync(session.id, { parts: [{ type: 'text', text: 'Hello' }] })
 * for await (const event of events) if (event.type === 'session.idle') break
 * ```
 */

// For applications: a client, its errors, its events, its prompts.
export { createClient, type Client, type ScopedClient } from './client.js'
export type { ClientOptions, HeadersOption, Limits, Timeouts } from './options.js'
export type { Allowance } from './guards.js'
export type { ReconnectPolicy } from './retry-policy.js'
export type { Clock } from './clock.js'
export {
  WireError,
  type Delivered,
  type WireErrorCode,
  type WireErrorDetails,
  type WireIssue,
} from './errors.js'
export type {
  EventOf,
  Gap,
  GlobalEvent,
  HeartbeatEvent,
  ServerEvent,
} from './events/event-types.js'
export type { EventsResource, SubscribeOptions } from './events/events.js'
export type { Subscription } from './events/subscription.js'
export { compareIds, createMessageId, createPartId, readIdTime, type IdOptions } from './ids.js'
export type { PromptResource } from './resources/prompt.js'
export type { IdentifiedPrompt, SendOptions, SendVerdict } from './resources/send-options.js'
export type {
  AssistantMessage,
  FileDiff,
  Message,
  MessageWithParts,
  Part,
  PermissionRequest,
  PermissionRule,
  PromptBody,
  PromptPart,
  QuestionRequest,
  Session,
  SessionInput,
  SessionPatch,
  SessionStatus,
  Todo,
  ToolPart,
  UserMessage,
} from './models.js'

// For libraries on top of it: the types of every resource and operation, and what can be observed.
export {
  channels,
  type PromptTrace,
  type RequestTrace,
  type StreamTrace,
  type TraceErrorCode,
  type WireChannels,
} from './channels.js'
export type * as openapi from './generated/openapi.js'
export type {
  CallOptions,
  Method,
  PathFor,
  RequestArguments,
  RequestOptions,
  ResponseOf,
} from './operation-types.js'
export { protocol } from './generated/protocol.js'
export { version } from './version.js'
export type { Request } from './http/request.js'
export type {
  AgentResource,
  CommandResource,
  ConfigResource,
  ProviderResource,
} from './resources/config.js'
export type { FileResource, FindResource } from './resources/file.js'
export type { FileStream, FolderEntry, FsResource } from './resources/fs.js'
export type { GlobalResource, InstanceResource } from './resources/global.js'
export type { McpResource } from './resources/mcp.js'
export type { MessageResource } from './resources/message.js'
export type { MessagePage, PageQuery } from './resources/messages/message-page.js'
export type { NewestMessages, NewestQuery } from './resources/messages/newest-messages.js'
export type { PermissionReply, PermissionResource } from './resources/permission.js'
export type { Project, ProjectResource } from './resources/project.js'
export type { Pty, PtyResource } from './resources/pty.js'
export type { QuestionReply, QuestionResource } from './resources/question.js'
export type { MessageQuery, SessionQuery, SessionResource } from './resources/session.js'
export type { ForkInput, SessionWork } from './resources/session-work.js'
export type { TuiResource } from './resources/tui.js'
export type { VcsResource } from './resources/vcs.js'
export type { Scope } from './http/scope.js'
