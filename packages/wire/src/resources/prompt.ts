import { channels, type PromptTrace } from '../channels.js'
import { WireError } from '../errors.js'
import type { PromptBody, PromptPart } from '../models.js'
import type { CallOptions } from '../operation-types.js'
import type { Settings } from '../options.js'
import type { Request } from '../http/request.js'
import { jitteredDelayMs } from '../retry-policy.js'
import { mayHaveArrived, type SentIds } from '../http/sent-ids.js'
import { trace } from '../http/trace.js'

/** A prompt whose ids its sender chose. */
export type IdentifiedPrompt = Omit<PromptBody, 'messageID' | 'parts'> & {
  /** `createMessageId()`; stored by the sender before the first send, and never used in a second session. */
  messageID: string
  /** Each with its own id (`createPartId()`, in reading order); without ids a resend would add the parts again. */
  parts: (PromptPart & { id: string })[]
}

/** How a prompt is sent. */
export interface SendOptions extends CallOptions {
  /** It may have been sent before (by a process that died): look for it first. Default: false. */
  mayBeSent?: boolean | undefined
  /** How often to try, sending or looking, before giving up. Default: 3. */
  attempts?: number | undefined
}

/** What is known after a send, and from what. */
export interface SendVerdict {
  /** `yes`: the server has the prompt. `no`: it has not. `unknown`: it could not be found out. */
  readonly delivered: 'yes' | 'no' | 'unknown'
  /**
   * `accepted`: the server said so. `found`: the message was seen in the session. `refused`: it was
   * answered with an error, or not sent for its malformed id, and the server does not have it.
   * `unreachable`: there never was a connection. `unanswered`: it may have been sent, and neither an
   * answer nor a look at the session came through.
   */
  readonly evidence: 'accepted' | 'found' | 'refused' | 'unreachable' | 'unanswered'
  /** How often it was sent. */
  readonly sends: number
  /** The last failure; `null` when there was none. */
  readonly error: WireError | null
}

/** Prompts, sent with certainty. */
export interface PromptResource {
  /**
   * Sends a prompt and finds out whether the server has it. Sent again only when the last send failed
   * without an answer and the message is not in the session.
   *
   * What the server guarantees (measured on 1.18.33): the same message id with the same part ids is one
   * message and one run, idle, while busy, sent twice at once, and after a restart. Without part ids
   * the parts are added again. The same message id in another session fails with 500 and adds the text to the
   * first session's message. When a server died in the middle of a run, the same prompt runs once more.
   * `accepted` does not promise a run: an unknown agent is accepted and then reported as `session.error`.
   *
   * Resolves also when it failed; rejects only with the signal's reason, or with a `TypeError` for a
   * prompt without ids or with one that another session has. After a verdict `no` the id is free again.
   */
  send(sessionId: string, prompt: IdentifiedPrompt, options?: SendOptions): Promise<SendVerdict>
}

export function createPromptResource(
  request: Request,
  settings: Settings,
  sentIds: SentIds,
): PromptResource {
  const look = async (
    sessionID: string,
    messageID: string,
    call: CallOptions,
  ): Promise<'found' | 'absent' | WireError> => {
    try {
      const path = '/session/{sessionID}/message/{messageID}'
      await request('GET', path, { ...call, params: { sessionID, messageID } })
      return 'found'
    } catch (error) {
      if (!WireError.is(error)) throw error
      return error.code === 'not_found' || error.code === 'session_not_found' ? 'absent' : error
    }
  }

  const post = async (
    sessionID: string,
    body: IdentifiedPrompt,
    call: CallOptions,
  ): Promise<WireError | null> => {
    try {
      await request('POST', '/session/{sessionID}/prompt_async', {
        ...call,
        params: { sessionID },
        body,
      })
      return null
    } catch (error) {
      if (!WireError.is(error)) throw error
      return error
    }
  }

  const deliver = async (
    sessionId: string,
    prompt: IdentifiedPrompt,
    options: SendOptions & { readonly isNew: boolean },
  ): Promise<SendVerdict> => {
    const { isNew, mayBeSent = false, attempts = 3, ...call } = options
    let sends = 0
    let error: WireError | null = null
    const verdict = (
      delivered: SendVerdict['delivered'],
      evidence: SendVerdict['evidence'],
    ): SendVerdict => ({
      delivered,
      evidence,
      sends,
      error,
    })
    // Once true it stays: a failure of this send says nothing about an earlier one.
    let mayBeThere = mayBeSent
    for (let round = 1; round <= attempts && error?.code !== 'closed'; round += 1) {
      if (round > 1) await pause(round - 1, call.signal)
      if (mayBeThere) {
        const seen = await look(sessionId, prompt.messageID, call)
        if (seen === 'found') return verdict('yes', 'found')
        if (seen !== 'absent') {
          error = seen
          continue
        }
        if (error !== null && isFinal(error)) return verdict('no', evidenceOf(error))
      }
      sends += 1
      error = await post(sessionId, prompt, call)
      if (error === null) return verdict('yes', 'accepted')
      mayBeThere ||= !isNew || mayHaveArrived(error)
      if (isFinal(error) && !mayBeThere) return verdict('no', evidenceOf(error))
    }
    if (!mayBeThere && error !== null) return verdict('no', evidenceOf(error))
    const seen = await look(sessionId, prompt.messageID, call)
    if (seen === 'found') return verdict('yes', 'found')
    if (seen === 'absent' && error !== null && isFinal(error)) {
      return verdict('no', evidenceOf(error))
    }
    return verdict('unknown', 'unanswered')
  }

  const deliverKnown = async (
    sessionId: string,
    prompt: IdentifiedPrompt,
    options: SendOptions,
  ): Promise<SendVerdict> => {
    const isNew = sentIds.note(prompt.messageID, sessionId)
    const verdict = await deliver(sessionId, prompt, { ...options, isNew })
    // What no session has, a session made in place of a lost one may get.
    if (isNew && verdict.delivered === 'no') sentIds.forget(prompt.messageID)
    return verdict
  }

  const pause = async (tries: number, signal: AbortSignal | undefined): Promise<void> => {
    const ms = jitteredDelayMs(settings.reconnect, tries, settings.random)
    await settings.clock.sleep(ms, signal === undefined ? {} : { signal })
  }
  const send: PromptResource['send'] = async (sessionId, prompt, options = {}) => {
    assertIdentified(prompt)
    assertAttempts(options.attempts)
    if (!channels.prompt.hasSubscribers) return await deliverKnown(sessionId, prompt, options)
    const context: PromptTrace = { sessionId, messageId: prompt.messageID }
    return await trace(channels.prompt, context, options.signal, async () => {
      const { error, ...verdict } = await deliverKnown(sessionId, prompt, options)
      Object.assign(context, verdict, error === null ? {} : { errorCode: error.code })
      return { ...verdict, error }
    })
  }
  return { send }
}

/** A failure that another try would not change. */
function isFinal(error: WireError): boolean {
  return !error.retryable && (error.status !== undefined || error.delivered === 'no')
}

function evidenceOf({ code, status }: WireError): 'refused' | 'unreachable' {
  return status !== undefined || code === 'bad_request' ? 'refused' : 'unreachable'
}

function assertAttempts(attempts: number | undefined): void {
  if (attempts === undefined || (Number.isSafeInteger(attempts) && attempts > 0)) return
  throw new RangeError('`attempts` must be a whole number from 1')
}

function assertIdentified(prompt: IdentifiedPrompt): void {
  if (typeof prompt.messageID !== 'string' || !prompt.messageID.startsWith('msg')) {
    throw new TypeError(
      '`messageID` is missing; choose one with createMessageId() and store it first',
    )
  }
  if (prompt.parts.some(({ id }) => typeof id !== 'string' || !id.startsWith('prt'))) {
    throw new TypeError('`parts` need an `id` each; choose them with createPartId()')
  }
}
