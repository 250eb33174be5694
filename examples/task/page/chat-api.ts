import type { AskDecision } from '@turnstead/turn'
import { DefaultChatTransport } from 'ai'
import type { ChatMessage } from '../src/chats/chat-message.js'

/** A file that a call of the tool left. */
export interface KeptFile {
  readonly id: string
  readonly path: string
  readonly sizeBytes: number
  /** Where it is downloaded. */
  readonly href: string
}

/** An answer to an ask of a run. */
export interface Answer {
  readonly toolCallId: string
  readonly askId: string
  readonly decision: AskDecision
}

/** The routes of one chat. */
export interface ChatApi {
  readonly id: string
  readonly transport: DefaultChatTransport<ChatMessage>
  messages(): Promise<ChatMessage[]>
  stop(): Promise<void>
  /** Rejects when the server cannot be reached or refuses it. */
  answer(answer: Answer): Promise<void>
  files(toolCallId: string): Promise<readonly KeptFile[]>
}

export function chatApi(id: string): ChatApi {
  const base = `/api/chats/${id}`
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(base + path)
    return response.ok ? await response.json() : []
  }
  const post = async (path: string, body: object): Promise<void> => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(base + path, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`The server refused it (${response.status}).`)
  }
  return {
    id,
    transport: new DefaultChatTransport<ChatMessage>({
      api: base,
      // The server has the rest; from a page it takes only what a person wrote.
      prepareSendMessagesRequest: ({ messages }) => ({ body: { message: messages.at(-1) } }),
      prepareReconnectToStreamRequest: () => ({ api: `${base}/stream` }),
    }),
    messages: async () => (await get('')) as ChatMessage[],
    stop: async () => await post('/stop', {}),
    answer: async (answer) => await post('/answer', answer),
    files: async (toolCallId) => {
      const folder = `/calls/${encodeURIComponent(toolCallId)}/files`
      const files = (await get(folder)) as Omit<KeptFile, 'href'>[]
      return files.map((file) => ({ ...file, href: `${base}${folder}/${file.id}` }))
    },
  }
}
