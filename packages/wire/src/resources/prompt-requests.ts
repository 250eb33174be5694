import { WireError } from '../errors.js'
import type { Requester } from '../http/request.js'
import { findMessage, type FoundMessage } from './find-message.js'
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

/** The two requests of a send. Each reports its failure; what `beforeTry` throws, and abort reasons, are thrown. */
export interface PromptRequests {
  /** Gives the prompt to the server. */
  readonly post: (body: IdentifiedPrompt) => Promise<Tried<true>>
  /** Looks for its message. */
  readonly find: () => Promise<Tried<FoundMessage>>
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
      tell(onTry, error)
      return { answer: undefined, error }
    }
  }
  const path = '/session/{sessionID}/prompt_async'
  const params = { sessionID: sessionId }
  return {
    post: (body) =>
      attempt(async (beforeWrite) => {
        await requester.fetchJson('POST', path, { signal, timeoutMs, params, body, beforeWrite })
        return true as const
      }),
    find: () =>
      attempt((beforeWrite) =>
        findMessage(requester, sessionId, prompt.messageID, { signal, timeoutMs, beforeWrite }),
      ),
  }
}

/** A mistake of an observer must not end what it observes. */
function tell(observer: SendOptions['onTry'], error: WireError): void {
  try {
    const returned: unknown = observer?.(error)
    if (returned instanceof Promise) returned.catch(() => {})
  } catch {
    // It is the observer's.
  }
}
