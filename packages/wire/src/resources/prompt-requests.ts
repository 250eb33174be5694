import { WireError } from '../errors.js'
import type { Requester } from '../http/request.js'
import { notify } from '../notify.js'
import { findMessage, type FoundMessage } from './messages/find-message.js'
import type { IdentifiedPrompt, SendOptions } from './send-options.js'

/** One prompt on its way. */
export interface Parcel {
  readonly sessionId: string
  readonly prompt: IdentifiedPrompt
  /** This client has not sent it before. */
  readonly isNew: boolean
  readonly options: SendOptions
}

/** What came of a request: its answer, or why there is none. */
export type Tried<T> =
  | { readonly answer: T }
  | { readonly answer: undefined; readonly error: WireError }

/** The requests of a send. Each reports its failure; what `beforeTry` throws, and abort reasons, are thrown. */
export interface PromptRequests {
  /** Gives the prompt to the server. */
  readonly post: (body: IdentifiedPrompt) => Promise<Tried<true>>
  /** Looks for its message. */
  readonly find: () => Promise<Tried<FoundMessage>>
  /** Takes a part out of it. */
  readonly removePart: (partId: string) => Promise<Tried<true>>
}

export function createPromptRequests(
  requester: Requester,
  { sessionId, prompt, options }: Parcel,
): PromptRequests {
  const { signal, timeoutMs, onTry } = options

  const attempt = async <T>(run: (beforeWrite: () => void) => Promise<T>): Promise<Tried<T>> => {
    let refusal: { readonly reason: unknown } | null = null
    const beforeWrite = (): void => {
      try {
        options.beforeTry?.()
      } catch (reason) {
        refusal = { reason }
        throw reason
      }
    }
    try {
      return { answer: await run(beforeWrite) }
    } catch (error) {
      if (refusal !== null || !WireError.is(error)) throw error
      notify(onTry, error)
      return { answer: undefined, error }
    }
  }
  const call = { signal, timeoutMs }
  const params = { sessionID: sessionId, messageID: prompt.messageID }
  return {
    post: (body) =>
      attempt(async (beforeWrite) => {
        const path = '/session/{sessionID}/prompt_async'
        await requester.fetchJson('POST', path, { ...call, params, body, beforeWrite })
        return true as const
      }),
    find: () =>
      attempt((beforeWrite) =>
        findMessage(requester, sessionId, prompt.messageID, { ...call, beforeWrite }),
      ),
    removePart: (partID) =>
      attempt(async (beforeWrite) => {
        const path = '/session/{sessionID}/message/{messageID}/part/{partID}'
        const place = { ...params, partID }
        await requester.fetchJson('DELETE', path, { ...call, params: place, beforeWrite })
        return true as const
      }),
  }
}
