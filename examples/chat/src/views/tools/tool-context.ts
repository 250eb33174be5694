import type { SubAgent } from '@turnstead/reply'

/** Where a call stands in the page. */
export interface ToolContext {
  /** Begins the ids of everything that changes or opens. */
  readonly elementId: string
  /** A plan that a newer one has taken the place of: it is there to be opened. */
  readonly isOutdated?: boolean
  /** Below this address are the pictures of the turn whose bytes are not in its reply. */
  readonly picturesAt?: string
  /** Only what it is about is shown. */
  readonly isBrief?: boolean
  /** The sub-agents below it. */
  readonly subAgents: readonly SubAgent[]
}
