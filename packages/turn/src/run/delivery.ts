import type { PromptRecord } from '../ports.js'

/** The prompt of the turn, and whether the server may have it. */
export interface Delivery {
  /** The prompt as it is in the row; null while none was chosen. */
  readonly prompt: PromptRecord | null
  /** An earlier worker chose a prompt: what it did besides is only in the row and on the server. */
  readonly isResumed: boolean
  /** The server has the prompt, or may have it: another worker chose it, or its send has no known end. */
  readonly mayHaveArrived: boolean
  /** The server is known to have it. */
  readonly hasArrived: boolean
  /** The server was seen at work on it: what it took from an earlier worker, it may have lost since. */
  readonly isAtWork: boolean
  /** When polled last, the session worked on another client's prompt. */
  readonly isFollowed: boolean
  /** The agent was asked to stop: the same ids would be a new run, so they are never sent again. */
  readonly isStopped: boolean
  /** The run was taken back to a question that its server had lost. */
  readonly hasReturned: boolean
  /** A new prompt is in the row. */
  chosen(prompt: PromptRecord): void
  /** The prompt in the row counts one more run. */
  recorded(prompt: PromptRecord): void
  sending(): void
  arrived(): void
  /** This process had it run, or has seen it run. */
  atWork(): void
  /** The server does not have what this process began to send. */
  notTaken(): void
  stopped(): void
  returned(): void
  followed(isFollowed: boolean): void
}

type DeliveryState = 'none' | 'unknown' | 'arrived'

/** What is known of the prompt when a worker takes the turn up. */
export function createDelivery(stored: PromptRecord | null): Delivery {
  let prompt = stored
  let state: DeliveryState = stored === null ? 'none' : 'unknown'
  let before: DeliveryState = state
  let isStopped = false
  let hasReturned = false
  let isFollowed = false
  let isAtWork = false
  return {
    get prompt() {
      return prompt
    },
    isResumed: stored !== null,
    get mayHaveArrived() {
      return state !== 'none'
    },
    get hasArrived() {
      return state === 'arrived'
    },
    get isAtWork() {
      return isAtWork
    },
    get isFollowed() {
      return isFollowed
    },
    get isStopped() {
      return isStopped
    },
    get hasReturned() {
      return hasReturned
    },
    chosen(next) {
      prompt = next
      state = 'none'
    },
    recorded(next) {
      prompt = next
    },
    sending() {
      before = state
      if (state === 'none') state = 'unknown'
    },
    arrived() {
      state = 'arrived'
    },
    atWork() {
      isAtWork = true
    },
    notTaken() {
      state = before
    },
    stopped() {
      isStopped = true
    },
    returned() {
      hasReturned = true
    },
    followed(next) {
      isFollowed = next
    },
  }
}
