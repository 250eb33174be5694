import type { ToolStatus } from '../records/tool-status.js'

/** How much of a text part was sent. */
export interface TextPosition {
  readonly kind: 'text' | 'reasoning'
  /** The id under which it is sent; a new one each time the text had to be taken back. */
  readonly chunkId: string
  /** Characters sent, in UTF-16 units. */
  readonly length: number
  /** Tells what was sent from another text. */
  readonly fingerprint: string
  readonly isOpen: boolean
  /** True when it was marked as lost or superseded. */
  readonly isVoid: boolean
}

/** How much of a tool call was sent. */
export interface ToolPosition {
  readonly status: ToolStatus
  readonly tool: string
  /** Tells the name and the arguments that were sent from others; empty while there were none. */
  readonly input: string
  /** Tells the outcome that was sent from others; empty while there was none. */
  readonly output: string
  /** The open permission that was sent as an approval request. */
  readonly approvalId: string | null
}

/** How much of a reply a reader has: plain JSON, to go on from there later or elsewhere. */
export interface UiMessagePosition {
  readonly isStarted: boolean
  readonly texts: Readonly<Record<string, TextPosition>>
  readonly tools: Readonly<Record<string, ToolPosition>>
  /** Files and steps, which are sent once. */
  readonly sent: readonly string[]
  /** Data parts by id, with what tells the data that was sent from other data. */
  readonly data: Readonly<Record<string, string>>
  /** How often each text, call, file, step and data part was taken back; left out when never. */
  readonly rounds: Readonly<Record<string, number>>
}

/** The id under which something is sent: its own, and another one each time it had to be taken back. */
export function idInRound(id: string, round: number): string {
  return round === 0 ? id : `${id}~${round}`
}

/** A reader that has nothing yet. */
export const beginning: UiMessagePosition = Object.freeze({
  isStarted: false,
  texts: {},
  tools: {},
  sent: [],
  data: {},
  rounds: {},
})
