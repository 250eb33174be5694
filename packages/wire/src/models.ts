import type { components } from './generated/openapi.js'
import type { RequestOptions } from './operation-types.js'

type Schemas = components['schemas']

/** A session as the server stores it. */
export type Session = Schemas['Session']
/** What a session is doing; the server leaves idle sessions out of its map. */
export type SessionStatus = Schemas['SessionStatus']
/** A user's or the assistant's message, without its parts. */
export type Message = Schemas['Message']
/** A message of the user. */
export type UserMessage = Schemas['UserMessage']
/** A message of the assistant: one step of the agent. */
export type AssistantMessage = Schemas['AssistantMessage']
/** A piece of a message: text, reasoning, tool call, file, step … */
export type Part = Schemas['Part']
/** A tool call with its state. */
export type ToolPart = Schemas['ToolPart']
/** A message with its parts, as the server lists them. */
export interface MessageWithParts {
  /** The message. */
  info: Message
  /** Its parts, in id order. */
  parts: Part[]
}
/** One entry of the agent's own task list. */
export type Todo = Schemas['Todo']
/** `{ permission, pattern, action }`; of the rules that match, the last one wins. */
export type PermissionRule = Schemas['PermissionRule']
/** A permission that the agent waits for. */
export type PermissionRequest = Schemas['PermissionRequest']
/** Questions that the agent waits for. */
export type QuestionRequest = Schemas['QuestionRequest']
/** A file's changes. */
export type FileDiff = Schemas['SnapshotFileDiff']

type BodyOf<Options> = Options extends { body?: infer Body } ? NonNullable<Body> : never

/**
 * A prompt. Choose `messageID` and an `id` for every part yourself (`createMessageId`, `createPartId`):
 * only then is sending it again harmless.
 *
 * `agent` counts for this prompt only. `tools` replaces all permission rules of the session for good;
 * it is refused unless the client was made with `allow: ['prompt_tools']`.
 */
export type PromptBody = BodyOf<RequestOptions<'POST', '/session/{sessionID}/prompt_async'>>
/** One part of a prompt. */
export type PromptPart = PromptBody['parts'][number]
/** What `session.create` takes. The server ignores an `agent` given here when it runs a prompt, so there is none. */
export type SessionInput = Omit<BodyOf<RequestOptions<'POST', '/session'>>, 'agent'>
/** What `session.update` takes; `permission` rules are appended, `metadata` is replaced. */
export type SessionPatch = BodyOf<RequestOptions<'PATCH', '/session/{sessionID}'>>
