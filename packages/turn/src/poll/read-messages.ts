import { WireError } from '@turnstead/wire'
import type { TurnClient } from '../ports.js'
import type { RequestLimits } from '../run/server.js'

/** Messages as the server lists them. */
export type Messages = Awaited<ReturnType<TurnClient['session']['messages']>>

type NewestMessages = Awaited<ReturnType<TurnClient['message']['newest']>>

/** What one reading of a turn's messages brought. */
export interface Reading {
  /** The newest messages, back to the first that may have changed since the last reading. */
  readonly messages: Messages
  /** The server has the user message of the prompt. */
  readonly isPromptStored: boolean
  /** Where older messages continue; null when these begin the session, undefined when that is not known. */
  readonly older: string | null | undefined
}

/** Reads the messages of one prompt again and again. */
export interface MessageReader {
  /** @throws WireError as the client throws it. */
  read(options: RequestLimits): Promise<Reading>
  /** Something may have been missed: the next reading goes back to the prompt. */
  forget(): void
}

const largestPage = 4_096
/** What the first reading asks for, before anything of the turn is known. */
const firstPage = 4

/**
 * Asks only for what may have changed: messages that were seen complete are not read again, and neither is the prompt, whose
 * attachments may be large.
 */
export function createMessageReader(
  { message, session }: Pick<TurnClient, 'message' | 'session'>,
  prompt: { readonly id: string; readonly sessionId: string },
): MessageReader {
  /** The newest message of which it is known that it, and all before it, are complete. */
  let anchor: string | null = null
  /** How many messages came after the anchor, and the first of them. */
  let open = 0
  let firstOpen: string | null = null
  let isPromptStored = false

  const readBack = async (options: RequestLimits): Promise<NewestMessages> => {
    const backTo = firstOpen ?? anchor ?? prompt.id
    for (let limit = anchor === null ? firstPage : Math.max(1, open); ; limit *= 2) {
      const page = await message.newest(prompt.sessionId, { limit, backTo }, options)
      if (page.reached !== 'limit' || limit >= largestPage) return page
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

  /** Without looking back through a history that the prompt may not be part of yet. */
  const lookForPrompt = async (options: RequestLimits): Promise<NewestMessages> => {
    const page = await message.newest(prompt.sessionId, { limit: firstPage }, options)
    isPromptStored =
      page.messages.some(
        ({ info }) => info.id === prompt.id || ('parentID' in info && info.parentID === prompt.id),
      ) || (await isStored({ session }, prompt, options))
    return page
  }

  return {
    async read(options) {
      if (!isPromptStored) {
        const page = await lookForPrompt(options)
        const { messages } = page
        const isWhole = messages.some(({ info }) => info.id === prompt.id)
        if (isWhole) note(messages)
        if (isWhole || !isPromptStored) return { messages, isPromptStored, older: olderThan(page) }
      }
      const page = await readBack(options)
      note(page.messages)
      return { messages: page.messages, isPromptStored, older: olderThan(page) }
    },
    forget() {
      anchor = null
      open = 0
      firstOpen = null
    },
  }
}

function olderThan({ reached, nextCursor }: NewestMessages): string | null | undefined {
  return reached === 'start' ? null : (nextCursor ?? undefined)
}

/** Whether the server has the user message of this prompt. */
async function isStored(
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
    // It is there and cannot be given out: a prompt with a `format` is like that.
    if (error.code === 'unreadable_entry' || error.code === 'response_too_large') return true
    throw error
  }
}

function isComplete({ info }: Messages[number]): boolean {
  return info.role === 'user' || info.time.completed !== undefined
}
