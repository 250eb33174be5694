/** One message of a chat-completions request. */
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
}

/** A request that the scripted model got. */
export interface ModelRequest {
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

/** Reads a chat-completions body; throws a `TypeError` when it is not one. */
export function parseCompletionRequest(
  body: unknown,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): ModelRequest {
  if (!isRecord(body) || !Array.isArray(body['messages'])) {
    throw new TypeError('`messages` must be an array')
  }
  const messages = body['messages'].filter(isRecord).map(toMessage)
  const tools = listOf(body['tools']).map((tool) => nameOf(tool['function']))
  const lastUser = messages.findLastIndex(isPrompt)
  const since = messages.slice(lastUser + 1)
  const session = headers['x-session-id']
  const model = String(body['model'] ?? '')
  return {
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

function newestResults(since: readonly ModelMessage[]): ModelRequest['toolResults'] {
  const lastAssistant = since.findLastIndex((message) => message.role === 'assistant')
  return since
    .slice(lastAssistant + 1)
    .filter((message) => message.role === 'tool')
    .map((message) => ({ callId: message.toolCallId ?? '', text: message.text }))
}

function toMessage(message: Record<string, unknown>): ModelMessage {
  return {
    role: String(message['role'] ?? ''),
    text: textOf(message['content']),
    toolCalls: listOf(message['tool_calls']).map((call) => ({
      id: String(call['id'] ?? ''),
      name: nameOf(call['function']),
      arguments: isRecord(call['function']) ? String(call['function']['arguments'] ?? '') : '',
    })),
    toolCallId: typeof message['tool_call_id'] === 'string' ? message['tool_call_id'] : null,
    isToolMedia: isToolMedia(message['content']),
  }
}

/** Where a provider takes no media in tool results, the server puts them into a user message that begins with this. */
const mediaHeading = 'Attached media from tool result:'

/** What the server puts in the place of media that the model does not take. */
function isUnreadable(said: unknown): boolean {
  return typeof said === 'string' && said.startsWith('ERROR: Cannot read ')
}

function isToolMedia(content: unknown): boolean {
  const [heading, ...media] = listOf(content)
  return (
    heading?.['text'] === mediaHeading &&
    media.length > 0 &&
    media.every((part) => part['type'] !== 'text' || isUnreadable(part['text']))
  )
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return listOf(content)
    .map((part) => (typeof part['text'] === 'string' ? part['text'] : ''))
    .filter((part) => part !== '')
    .join('\n')
}

function nameOf(tool: unknown): string {
  return isRecord(tool) ? String(tool['name'] ?? '') : ''
}

function listOf(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
