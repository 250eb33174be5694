import type { ToolStep } from '../../script/steps.js'
import type { Json, MessageRecord, Part, SessionRecord } from '../state/records.js'
import type { World } from '../state/world.js'

/** A tool call of the current message. */
export interface ToolCall {
  readonly step: ToolStep
  readonly part: Part
  readonly callId: string
  /** The tool's real name, after a wrong case was forgiven or an unknown name became `invalid`. */
  readonly tool: string
  readonly input: Record<string, unknown>
  /** Why the server does not run it; null when it does. */
  readonly refusal: string | null
  readonly startedAt: number
}

/** What a tool may use while it runs. */
export interface ToolContext {
  readonly world: World
  readonly session: SessionRecord
  readonly message: MessageRecord
  /** Aborted when the turn is stopped. */
  readonly signal: AbortSignal
  /** True once the turn is over: the tool may still run to its end, but its part no longer changes. */
  readonly isOver: () => boolean
  /** Runs a sub-agent and resolves with its last text; rejects with a {@link ToolFailure}. */
  readonly delegate: (input: Json, update: (metadata: Json) => void) => Promise<ToolResult>
  /** Remembers what a file held, for diffs. */
  readonly touch: (path: string) => void
}

/** What a tool answers. */
export interface ToolResult {
  readonly output: string
  readonly title: unknown
  readonly metadata: Json
  /** Files that come with the result. */
  readonly attachments?: readonly Json[]
}

/** A tool failed; the model gets the message and the turn goes on. */
export class ToolFailure extends Error {
  override readonly name: string = 'ToolFailure'
  readonly metadata: Json | undefined

  constructor(message: string, metadata?: Json) {
    super(message)
    this.metadata = metadata
  }
}

/** A person refused; the turn stops after this step. */
export class ToolStop extends ToolFailure {
  override readonly name: string = 'ToolStop'
}
