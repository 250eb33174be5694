import { WireError } from '../errors.js'
import type { Requester } from '../http/request.js'
import { mayHaveArrived } from '../http/sent-ids.js'
import type { Settings } from '../options.js'
import { isExpanded } from '../prompt-files.js'
import { jitteredDelayMs } from '../retry-policy.js'
import { findMessage } from './find-message.js'
import type { IdentifiedPrompt, SendOptions, SendVerdict } from './send-options.js'

/** One prompt on its way. */
export interface Parcel {
  readonly sessionId: string
  readonly prompt: IdentifiedPrompt
  /** This client has not sent it before. */
  readonly isNew: boolean
  readonly options: SendOptions
}

const defaultAttempts = 3
const retryDelays = { firstDelayMs: 250, maxDelayMs: 5000 }
/**
 * Parts that the server expands are stored seconds after the prompt was taken (5 s were measured on a busy machine);
 * sent again before, they would be expanded twice.
 */
const expandedLooks = 20
const lookEveryMs = 500

/** Sends, looks and sends again until it is known whether the server has the prompt, or patience ends. */
export async function deliver(
  requester: Requester,
  settings: Settings,
  { sessionId, prompt, isNew, options }: Parcel,
): Promise<SendVerdict> {
  const { clock, random } = settings
  const { mayBeSent = false, rerun = false, giveUpAfterMs = Infinity, signal, timeoutMs } = options
  const attempts = options.attempts ?? (giveUpAfterMs === Infinity ? defaultAttempts : Infinity)
  const givesUpAt = clock.now() + giveUpAfterMs
  const isExpandedPrompt = prompt.parts.some(isExpanded)
  // What the server made of these parts is in the message already.
  const body = rerun
    ? { ...prompt, parts: prompt.parts.filter((part) => !isExpanded(part)) }
    : prompt
  const call = { signal, timeoutMs }
  let sends = 0
  let error: WireError | null = null
  // Once true it stays: a failure of this send says nothing about an earlier one.
  let mayBeThere = mayBeSent || rerun

  const verdict = (
    delivered: SendVerdict['delivered'],
    evidence: SendVerdict['evidence'],
  ): SendVerdict => ({ delivered, evidence, sends, error })
  const pause = (ms: number): Promise<void> =>
    clock.sleep(Math.max(0, Math.min(ms, givesUpAt - clock.now())), signal ? { signal } : {})
  const isLate = (): boolean => clock.now() >= givesUpAt

  /** Runs one request; its failure is noted, and what `beforeTry` throws is passed on. */
  const attempt = async <T>(
    run: (beforeWrite: () => void) => Promise<T>,
  ): Promise<{ readonly value: T } | WireError> => {
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
      return { value: await run(beforeWrite) }
    } catch (failure) {
      if (refusal !== null || !WireError.is(failure)) throw failure
      tell(options.onTry, failure)
      return failure
    }
  }
  const post = async (): Promise<WireError | null> => {
    const path = '/session/{sessionID}/prompt_async'
    const params = { sessionID: sessionId }
    const result = await attempt((beforeWrite) =>
      requester.fetchJson('POST', path, { ...call, params, body, beforeWrite }),
    )
    return WireError.is(result) ? result : null
  }
  const look = async (): Promise<boolean | WireError> => {
    const most = isExpandedPrompt ? expandedLooks : 1
    for (let looks = 1; ; looks += 1) {
      const result = await attempt((beforeWrite) =>
        findMessage(requester, sessionId, prompt.messageID, { ...call, beforeWrite }),
      )
      if (WireError.is(result)) return result
      if (result.value || looks >= most || isLate()) return result.value
      await pause(lookEveryMs)
    }
  }

  for (let round = 1; round <= attempts && error?.code !== 'closed'; round += 1) {
    if (round > 1) {
      if (isLate()) break
      await pause(jitteredDelayMs(retryDelays, round - 1, random))
    }
    if (mayBeThere && !rerun) {
      const seen = await look()
      if (seen === true) return verdict('yes', 'found')
      if (seen !== false) {
        error = seen
        continue
      }
      if (error !== null && isFinal(error)) return verdict('no', evidenceOf(error))
    }
    sends += 1
    error = await post()
    if (error === null) return verdict('yes', 'accepted')
    mayBeThere ||= !isNew || mayHaveArrived(error)
    if (isFinal(error) && (rerun || !mayBeThere)) return verdict('no', evidenceOf(error))
  }
  if (error !== null && !mayBeThere) return verdict('no', evidenceOf(error))
  if (rerun) return verdict('unknown', 'unanswered')
  const seen = await look()
  if (seen === true) return verdict('yes', 'found')
  if (seen === false && error !== null && isFinal(error)) return verdict('no', evidenceOf(error))
  return verdict('unknown', 'unanswered')
}

/**
 * A failure that another try would not change. A plain 500 is not one: the server says it to malformed input, but a
 * prompt is checked before it is sent, so it is trouble that may pass.
 */
function isFinal(error: WireError): boolean {
  switch (error.code) {
    case 'server_error':
    case 'malformed_response':
    case 'unexpected_status':
      return false
    default:
      return !error.retryable && (error.status !== undefined || error.delivered === 'no')
  }
}

function evidenceOf({ code, status }: WireError): 'refused' | 'unreachable' {
  return status !== undefined || code === 'bad_request' ? 'refused' : 'unreachable'
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
