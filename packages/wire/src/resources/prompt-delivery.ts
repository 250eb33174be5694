import { monotonic } from '../clock.js'
import type { WireError } from '../errors.js'
import type { Requester } from '../http/request.js'
import { mayHaveArrived } from '../http/sent-ids.js'
import type { Settings } from '../options.js'
import { isExpanded } from '../prompt-files.js'
import { jitteredDelayMs } from '../retry-policy.js'
import type { MessageWithParts } from '../models.js'
import { createPromptRequests, type Parcel } from './prompt-requests.js'
import type { IdentifiedPrompt, SendVerdict } from './send-options.js'

const defaultAttempts = 3
const retryDelays = { firstDelayMs: 250, maxDelayMs: 5000 }
/**
 * Parts that the server expands are stored seconds after the prompt was taken (5 s were measured on a busy machine);
 * sent again before, they would be expanded twice.
 */
const expandedLooks = 20
const lookEveryMs = 500

/** Sends, looks and sends again until it is known whether the server has the prompt, or the limits are reached. */
export async function deliver(
  requester: Requester,
  settings: Settings,
  parcel: Parcel,
): Promise<SendVerdict> {
  const { clock, random } = settings
  const { prompt, isNew, options } = parcel
  const { mayBeSent = false, rerun = false, giveUpAfterMs = Infinity, signal } = options
  const attempts = options.attempts ?? (giveUpAfterMs === Infinity ? defaultAttempts : Infinity)
  const givesUpAt = monotonic(clock) + giveUpAfterMs
  const isExpandedPrompt = prompt.parts.some(isExpanded)
  const requests = createPromptRequests(requester, parcel)
  let sends = 0
  let error: WireError | null = null
  // Once true it stays: a failure of this send says nothing about an earlier one.
  let mayBeThere = mayBeSent

  const verdict = (
    delivered: SendVerdict['delivered'],
    evidence: SendVerdict['evidence'],
  ): SendVerdict => ({ delivered, evidence, sends, error })
  const refused = (final: WireError): SendVerdict => verdict('no', evidenceOf(final))
  const isLate = (): boolean => monotonic(clock) >= givesUpAt
  const pause = (ms: number): Promise<void> =>
    clock.sleep(Math.max(0, Math.min(ms, givesUpAt - monotonic(clock))), signal ? { signal } : {})

  /** Whether the session has the message; undefined when it cannot be found out now. */
  const look = async (): Promise<boolean | undefined> => {
    const most = isExpandedPrompt ? expandedLooks : 1
    for (let looks = 1; ; looks += 1) {
      const found = await requests.find()
      if (found.answer === undefined) {
        error = found.error
        return undefined
      }
      if (found.answer !== null || looks >= most || isLate()) return found.answer !== null
      await pause(lookEveryMs)
    }
  }
  /** What is to be sent; undefined when it cannot be found out now. */
  const toSend = async (): Promise<IdentifiedPrompt | undefined> => {
    if (!rerun || !isExpandedPrompt) return prompt
    const stored = await requests.find()
    if (stored.answer === undefined) {
      error = stored.error
      return undefined
    }
    if (stored.answer === null) return prompt
    if (stored.answer === 'unreadable' || isWhole(prompt, stored.answer)) {
      return { ...prompt, parts: prompt.parts.filter((part) => !isExpanded(part)) }
    }
    // The server died while it expanded: what it has of that goes, and all of it is made again.
    for (const partId of expansionsIn(prompt, stored.answer)) {
      const removed = await requests.removePart(partId)
      if (removed.answer !== undefined) continue
      error = removed.error
      return undefined
    }
    return prompt
  }

  for (let round = 1; round <= attempts && !isOver(error); round += 1) {
    if (round > 1) {
      if (isLate()) break
      await pause(jitteredDelayMs(retryDelays, round - 1, random))
    }
    if (mayBeThere && !rerun) {
      const earlier: WireError | null = error
      const seen = await look()
      if (seen === true) return verdict('yes', 'found')
      if (seen === undefined) continue
      if (earlier !== null && isFinal(earlier)) return refused(earlier)
    }
    const body = await toSend()
    if (body === undefined) continue
    sends += 1
    const sent = await requests.post(body)
    if (sent.answer === true) {
      error = null
      return verdict('yes', 'accepted')
    }
    error = sent.error
    mayBeThere ||= !isNew || mayHaveArrived(error)
    if (isFinal(error) && (rerun || !mayBeThere)) return refused(error)
  }
  if (error !== null && !mayBeThere) return refused(error)
  if (rerun) return verdict('unknown', 'unanswered')
  const last = error
  const seen = await look()
  if (seen === true) return verdict('yes', 'found')
  if (seen === false && last !== null && isFinal(last)) return refused(last)
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

/** Nothing more comes of a client that is closed, or that may not look. */
function isOver(error: WireError | null): boolean {
  return error?.code === 'closed' || error?.code === 'unauthorized' || error?.code === 'forbidden'
}

function evidenceOf({ code, status }: WireError): 'refused' | 'unreachable' {
  return status !== undefined || code === 'bad_request' ? 'refused' : 'unreachable'
}

/** A part that is expanded is stored itself when all that was made of it is. */
function isWhole(prompt: IdentifiedPrompt, stored: MessageWithParts): boolean {
  const ids = new Set(stored.parts.map((part) => part.id))
  return prompt.parts.every((part) => !isExpanded(part) || ids.has(part.id))
}

/** Ids of the parts that the server made. */
function expansionsIn(prompt: IdentifiedPrompt, stored: MessageWithParts): string[] {
  const own = new Set(prompt.parts.map((part) => part.id))
  return stored.parts
    .filter((part) => part.type === 'text' && part.synthetic === true && !own.has(part.id))
    .map((part) => part.id)
}
