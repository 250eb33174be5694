import { WireError } from '@turnstead/wire'
import type { TurnClient } from '../ports.js'
import type { RequestLimits } from '../run/limits.js'

/** Messages as the server lists them. */
export type Messages = Awaited<ReturnType<TurnClient['session']['messages']>>

/** What one reading of a turn's messages brought. */
export interface Exchange {
  /** The newest messages, back to the first that may have changed since the last reading. */
  readonly messages: Messages
  /** The server has the user message of the prompt. */
  readonly isPromptStored: boolean
}

/** Reads the messages of one prompt again and again. */
export interface ExchangeReader {
  /** @throws WireError as the client throws it. */
  read(options: RequestLimits): Promise<Exchange>
  /** Something may have been missed: the next reading goes back to the prompt. */
  forget(): void
}

const largestPage = 4_096
/** What the first reading asks for, before anything of the turn is known. */
const firstPage = 4

/**
 * Asks only for what may have changed: messages that were seen complete are not read again, and neither is the prompt, whose
 * attachments may be large. A list that the server cannot answer (400 while a listed prompt has a `format`; more than the
 * client takes) is asked for in smaller pages.
 */
export function createExchangeReader(
  { session }: Pick<TurnClient, 'session'>,
  prompt: { readonly id: string; readonly sessionId: string },
): ExchangeReader {
  /** The newest message of which it is known that it, and all before it, are complete. */
  let anchor: string | null = null
  /** How many messages came after the anchor, and the first of them. */
  let open = 0
  let firstOpen: string | null = null
  let isPromptStored = false

  const reaches = (messages: Messages, limit: number): boolean =>
    messages.length < limit ||
    messages.some(({ info }) => info.id === anchor || info.id === prompt.id) ||
    (firstOpen !== null && messages.some(({ info }) => info.id === firstOpen))

  const readPages = async (options: RequestLimits): Promise<Messages> => {
    let limit = anchor === null ? firstPage : Math.max(1, open)
    for (;;) {
      const page = await readLargest(prompt.sessionId, limit, options)
      if (page.isCut || reaches(page.messages, limit) || limit >= largestPage) return page.messages
      limit *= 2
    }
  }

  /** The largest page up to the limit that the server can answer and the client takes. */
  const readLargest = async (
    sessionId: string,
    limit: number,
    options: RequestLimits,
  ): Promise<{ messages: Messages; isCut: boolean }> => {
    let refused = Infinity
    let readable: Messages | null = null
    let size = limit
    for (;;) {
      try {
        const messages = await session.messages(sessionId, { limit: size }, options)
        if (size + 1 >= refused || size >= limit) return { messages, isCut: refused !== Infinity }
        readable = messages
        size = Math.min(limit, refused - 1, size * 2)
      } catch (error) {
        if (!isUnreadable(error) || size <= 1) {
          if (readable !== null && isUnreadable(error)) return { messages: readable, isCut: true }
          throw error
        }
        refused = size
        size = Math.max(1, readable === null ? Math.floor(size / 2) : size - 1)
      }
    }
  }

  const note = (messages: Messages): void => {
    const from = messages.findIndex(({ info }) => info.id === anchor || info.id === prompt.id)
    const rest = from < 0 ? messages : messages.slice(from + 1)
    if (from >= 0) anchor = messages[from]?.info.id ?? anchor
    const firstIncomplete = rest.findIndex((message) => !isComplete(message))
    const complete = firstIncomplete < 0 ? rest : rest.slice(0, firstIncomplete)
    anchor = complete.at(-1)?.info.id ?? anchor
    open = rest.length - complete.length
    firstOpen = rest[complete.length]?.info.id ?? null
  }

  const newest = async (options: RequestLimits): Promise<Messages> => {
    const { messages } = await readLargest(prompt.sessionId, firstPage, options)
    isPromptStored = messages.some(
      ({ info }) => info.id === prompt.id || ('parentID' in info && info.parentID === prompt.id),
    )
    return messages
  }

  return {
    async read(options) {
      try {
        if (!isPromptStored) {
          const messages = await newest(options)
          isPromptStored ||= await isStored({ session }, prompt, options)
          if (!isPromptStored) return { messages, isPromptStored }
        }
        const messages = await readPages(options)
        note(messages)
        return { messages, isPromptStored }
      } catch (error) {
        // Not even the newest message can be read: it is a prompt with a `format`.
        if (!isUnreadable(error) || !(await isStored({ session }, prompt, options))) throw error
        isPromptStored = true
        return { messages: [], isPromptStored }
      }
    },
    forget() {
      anchor = null
      open = 0
      firstOpen = null
    },
  }
}

/** Whether the server has the user message of this prompt. */
export async function isStored(
  { session }: Pick<TurnClient, 'session'>,
  prompt: { readonly id: string; readonly sessionId: string },
  options: RequestLimits,
): Promise<boolean> {
  try {
    await session.message(prompt.sessionId, prompt.id, options)
    return true
  } catch (error) {
    if (!WireError.is(error)) throw error
    if (error.code === 'not_found') return false
    // It is there and cannot be given out.
    if (isUnreadable(error)) return true
    throw error
  }
}

/** The server, or the client, cannot handle what is listed; fewer messages may do. */
function isUnreadable(error: unknown): boolean {
  return (
    WireError.is(error) && (error.code === 'bad_request' || error.code === 'response_too_large')
  )
}

function isComplete({ info }: Messages[number]): boolean {
  return info.role === 'user' || info.time.completed !== undefined
}
