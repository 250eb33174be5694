import type { MessageRecord, SessionRecord } from '../state/records.js'
import type { ToolContext } from '../tools/tool-context.js'
import type { PlannedAnswer, World } from '../state/world.js'

/** One step of the agent: a model call with its attempts, and the tools it asks for. */
export interface ModelStep {
  readonly world: World
  readonly session: SessionRecord
  readonly message: MessageRecord
  readonly answer: PlannedAnswer
  /** Which call of the answer it is. */
  readonly index: number
  readonly signal: AbortSignal
  readonly toolContext: Omit<ToolContext, 'isOver'>
  /** Completes the message. */
  readonly complete: (more?: Record<string, unknown>) => void
  /** What the files that tools changed in this step held before it, by path. */
  readonly changed: ReadonlyMap<string, Uint8Array | null>
}
