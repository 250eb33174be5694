import type { WireError } from '../errors.js'
import type { PromptBody, PromptPart } from '../models.js'
import type { CallOptions } from '../operation-types.js'

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
  /**
   * The server has the message and lost its run: send it again on purpose, without looking first. Parts that the server
   * expands (files that it reads, texts, agents) are left out, because the message holds what it made of them. The
   * verdict is then about the new run: `found` does not occur. Default: false.
   */
  rerun?: boolean | undefined
  /** How often to try, sending or looking, before giving up. Default: 3; without a limit when `giveUpAfterMs` is given. */
  attempts?: number | undefined
  /** For how long, in milliseconds on the client's clock, new tries begin. Default: as long as `attempts` allow. */
  giveUpAfterMs?: number | undefined
  /**
   * Called before every request of this send, synchronously and when its connection is there, so that nothing comes
   * between. What it throws ends the send, which then rejects with it; that request was not written.
   */
  beforeTry?: (() => void) | undefined
  /** Reports each try that failed. What it throws is ignored. */
  onTry?: ((error: WireError) => void) | undefined
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
