import { WireError } from '../errors.js'

/** In which session each message id was used, by all scopes of a client. */
export interface SentIds {
  /**
   * Notes that a message goes to a session; false when it went there before.
   *
   * @throws TypeError when the id belongs to a message of another session.
   */
  readonly note: (messageId: string, sessionId: string) => boolean
  /** Takes a note back: no session has the message. */
  readonly forget: (messageId: string) => void
}

/** Enough to catch a mistake in a busy process without growing forever. */
const rememberedIds = 10_000

export function createSentIds(): SentIds {
  const sessionOf = new Map<string, string>()
  return {
    note: (messageId, sessionId) => {
      const known = sessionOf.get(messageId)
      if (known !== undefined && known !== sessionId) {
        throw new TypeError(
          `\`messageID\` ${messageId} was used in session ${known} already; the server would add the text there`,
        )
      }
      sessionOf.set(messageId, sessionId)
      const [oldest] = sessionOf.keys()
      if (sessionOf.size > rememberedIds && oldest !== undefined) sessionOf.delete(oldest)
      return known === undefined
    },
    forget: (messageId) => void sessionOf.delete(messageId),
  }
}

/** A success that cannot be read proves as little as a 5xx: the server, or a proxy before it, may have done the work. */
export function mayHaveArrived({ delivered, status }: WireError): boolean {
  if (delivered !== 'yes') return delivered === 'unknown'
  return status === undefined || status < 300 || status >= 500
}

/** The calls that make a message, under the id in their body when there is one. */
const makesMessage = /^\/session\/\{sessionID\}\/(prompt_async|message|command|shell|init)$/

/** Runs a call of any kind; one that makes a message is refused when a message of another session has its id. */
export async function guardMessageId<T>(
  ids: SentIds,
  call: { readonly path: string; readonly sessionId: unknown; readonly body: unknown },
  send: () => Promise<T>,
): Promise<T> {
  const { path, sessionId, body } = call
  if (!makesMessage.test(path) || typeof body !== 'object' || body === null) return await send()
  if (!('messageID' in body) || typeof body.messageID !== 'string') return await send()
  const isNew = ids.note(body.messageID, String(sessionId))
  try {
    return await send()
  } catch (error) {
    const isNowhere = WireError.is(error) && !mayHaveArrived(error)
    if (isNew && isNowhere) ids.forget(body.messageID)
    throw error
  }
}
