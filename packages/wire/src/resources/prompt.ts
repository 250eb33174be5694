import { channels, type PromptTrace } from '../channels.js'
import type { Requester } from '../http/request.js'
import type { SentIds } from '../http/sent-ids.js'
import { trace } from '../http/trace.js'
import type { Settings } from '../options.js'
import { assertAllowed } from '../guards.js'
import { deliver, type Parcel } from './prompt-delivery.js'
import type { IdentifiedPrompt, SendOptions, SendVerdict } from './send-options.js'

/** Prompts, sent with certainty. */
export interface PromptResource {
  /**
   * Sends a prompt and finds out whether the server has it. Sent again only when the last send failed
   * without the server's own refusal and the message is not in the session. Waits between tries are random, up to
   * 250 ms at first and 5 s later.
   *
   * What the server guarantees (measured on 1.18.33): the same message id with the same part ids is one
   * message and one run, idle, while busy, sent twice at once, and after a restart. Without part ids
   * the parts are added again. Parts that the server expands (`file:` URLs, `data:` URLs of `text/plain`, agents) are
   * expanded again by each send, and such a message may be stored seconds after it was taken: before this call sends one
   * again, it looks for it for 10 s. The same message id in another session fails with 500 and adds the text to the
   * first session's message. When a server died in the middle of a run, or the run was aborted, the same prompt runs
   * once more. `accepted` does not promise a run: an unknown agent is accepted and then reported as `session.error`.
   *
   * Resolves also when it failed; rejects only with the signal's reason, with what `beforeTry` throws, or with a
   * `TypeError` for a prompt that {@link PromptResource.check} refuses or that another session has. After a verdict
   * `no` the id is free again.
   *
   * @example
   * const prompt = { messageID: createMessageId(), parts: [{ id: createPartId(), type: 'text', text: 'Hello' }] }
   * await rows.store(prompt)
   * const { delivered, error } = await client.prompt.send(session.id, prompt, { giveUpAfterMs: 60_000 })
   * if (delivered !== 'yes') throw error
   */
  send(sessionId: string, prompt: IdentifiedPrompt, options?: SendOptions): Promise<SendVerdict>
  /**
   * Checks a prompt without sending it.
   *
   * @throws TypeError for what `send` would refuse: missing ids, `tools`, `file:` URLs, values that JSON has not.
   */
  check(prompt: IdentifiedPrompt): void
}

export function createPromptResource(
  requester: Requester,
  settings: Settings,
  sentIds: SentIds,
): PromptResource {
  const deliverKnown = async (parcel: Omit<Parcel, 'isNew'>): Promise<SendVerdict> => {
    const { messageID } = parcel.prompt
    const isNew = sentIds.note(messageID, parcel.sessionId)
    const verdict = await deliver(requester, settings, { ...parcel, isNew })
    // What no session has, a session made in place of a lost one may get.
    if (isNew && verdict.delivered === 'no') sentIds.forget(messageID)
    return verdict
  }
  const check: PromptResource['check'] = (prompt) => {
    assertIdentified(prompt)
    assertAllowed('/session/{sessionID}/prompt_async', prompt, settings)
    JSON.stringify(prompt)
  }
  const send: PromptResource['send'] = async (sessionId, prompt, options = {}) => {
    check(prompt)
    assertPatience(options)
    const parcel = { sessionId, prompt, options }
    if (!channels.prompt.hasSubscribers) return await deliverKnown(parcel)
    const context: PromptTrace = { sessionId, messageId: prompt.messageID }
    return await trace(channels.prompt, context, options.signal, async () => {
      const { error, ...verdict } = await deliverKnown(parcel)
      Object.assign(context, verdict, error === null ? {} : { errorCode: error.code })
      return { ...verdict, error }
    })
  }
  return { send, check }
}

function assertPatience({ attempts, giveUpAfterMs }: SendOptions): void {
  if (attempts !== undefined && !(Number.isSafeInteger(attempts) && attempts > 0)) {
    throw new RangeError('`attempts` must be a whole number from 1')
  }
  if (giveUpAfterMs !== undefined && !(giveUpAfterMs >= 0)) {
    throw new RangeError('`giveUpAfterMs` must be a number that is not negative')
  }
}

function assertIdentified(prompt: IdentifiedPrompt): void {
  if (typeof prompt.messageID !== 'string' || !prompt.messageID.startsWith('msg')) {
    throw new TypeError(
      '`messageID` is missing; choose one with createMessageId() and store it first',
    )
  }
  if (!Array.isArray(prompt.parts)) throw new TypeError('`parts` must be a list')
  if (prompt.parts.some((part) => typeof part?.id !== 'string' || !part.id.startsWith('prt'))) {
    throw new TypeError('`parts` need an `id` each; choose them with createPartId()')
  }
}
