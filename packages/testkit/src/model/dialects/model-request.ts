/** One message of a request, whatever the API that carried it. */
export interface ModelMessage {
  readonly role: string
  /** The text; parts are joined by line feeds. */
  readonly text: string
  /** Tool calls that an assistant message holds. */
  readonly toolCalls: readonly {
    readonly id: string
    readonly name: string
    readonly arguments: string
  }[]
  /** The call that a tool message answers. */
  readonly toolCallId: string | null
  /** True for a user message in which the server hands over images or files of tool results: it is no prompt. */
  readonly isToolMedia: boolean
  /** Images that the message holds, those of a tool result included. */
  readonly images: number
}

/** The API that a request came by: chat completions and responses are OpenAI's, messages are Anthropic's. */
export type ModelApi = 'chat-completions' | 'responses' | 'messages'

/** A request that the scripted model got. */
export interface ModelRequest {
  /** The API that was spoken. */
  readonly api: ModelApi
  /** `chat` is the turn itself; the server asks for a `title` and for a `summary` (compaction) by itself. */
  readonly kind: 'chat' | 'title' | 'summary'
  /** The model's name. */
  readonly model: string
  /** Text of the newest user message. */
  readonly prompt: string
  /** Which call of this answer it is: 0 first, 1 after the first tool results, and so on. */
  readonly loop: number
  /** All messages. */
  readonly messages: readonly ModelMessage[]
  /** Results of the newest tool calls, by call id. */
  readonly toolResults: readonly { readonly callId: string; readonly text: string }[]
  /** Names of the tools on offer. */
  readonly tools: readonly string[]
  /** Whether a stream was asked for. */
  readonly isStream: boolean
  /** The server's session, from its `x-session-id` header. */
  readonly sessionId: string | null
  /** The body as it came. */
  readonly body: Readonly<Record<string, unknown>>
}

/** What each API words in its own way. */
export interface SpokenRequest {
  readonly messages: readonly ModelMessage[]
  readonly tools: readonly string[]
}

/** Makes the request of what an API has read from its body. */
export function toModelRequest(
  api: ModelApi,
  body: Readonly<Record<string, unknown>>,
  { messages, tools }: SpokenRequest,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): ModelRequest {
  const lastUser = messages.findLastIndex(isPrompt)
  const since = messages.slice(lastUser + 1).filter((message) => !isLastStep(message))
  const session = headers['x-session-id']
  const model = String(body['model'] ?? '')
  return {
    api,
    kind: kindOf(messages, model, tools),
    model,
    prompt: messages[lastUser]?.text ?? '',
    loop: since.filter(saidSomething).length,
    messages,
    toolResults: newestResults(since),
    tools,
    isStream: body['stream'] === true,
    sessionId: typeof session === 'string' ? session : null,
    body,
  }
}

function kindOf(
  messages: readonly ModelMessage[],
  model: string,
  tools: readonly string[],
): ModelRequest['kind'] {
  const system = messages.find((message) => message.role === 'system')?.text ?? ''
  if (tools.length > 0) return 'chat'
  if (model === 'title' || /title generator/iu.test(system)) return 'title'
  if (/summariz|compact/iu.test(system)) return 'summary'
  return 'chat'
}

/** True for what a person, or an agent for its sub-agent, has asked. */
export function isPrompt(message: ModelMessage): boolean {
  return message.role === 'user' && !message.isToolMedia
}

/** A run that the server lost leaves an empty assistant message; the call after it is the same call again. */
function saidSomething(message: ModelMessage): boolean {
  return message.role === 'assistant' && (message.text !== '' || message.toolCalls.length > 0)
}

/** In the last of an agent's `steps` the server puts words into the model's mouth. */
function isLastStep({ role, text }: ModelMessage): boolean {
  return role === 'assistant' && text.startsWith('CRITICAL - MAXIMUM STEPS REACHED')
}

function newestResults(since: readonly ModelMessage[]): ModelRequest['toolResults'] {
  const lastAssistant = since.findLastIndex((message) => message.role === 'assistant')
  return since
    .slice(lastAssistant + 1)
    .filter((message) => message.role === 'tool')
    .map((message) => ({ callId: message.toolCallId ?? '', text: message.text }))
}
