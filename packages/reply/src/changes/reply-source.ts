import type { Outcome, OutcomeOptions } from '../records/outcome.js'
import type { ReplyView } from '../records/reply-view.js'
import type { ReplyObserver } from './observer.js'

/**
 * What a view of a reply needs: every renderer, stream and log of this package takes it.
 *
 * A `Reply` is one. A host may write its own, for example to show a turn that runs in another process.
 */
export interface ReplySource {
  /**
   * Names the reply for as long as it is shown, also before its prompt has an id: the default ids of UI messages and elements
   * are made from it. Default: the prompt's id.
   */
  readonly name?: string
  readonly sessionId: string
  readonly promptId: string
  /** The directory that the server works in; views show paths relative to it. `null` while it is not known. */
  readonly directory?: string | null
  /** Rises by one with every change; equal revisions mean that nothing changed. */
  readonly revision: number
  /** Everything there is to show: the same object as long as the revision is the same. */
  view(): ReplyView
  /** What the messages prove about the end of the turn. */
  outcome(options?: OutcomeOptions): Outcome
  /** Registers an observer for what happens from now on; the result unregisters it. */
  observe(observer: ReplyObserver): () => void
}
