import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel'
import type { RowId, Tokens } from '../ports.js'
import type { TurnEnding } from '../endings.js'
import type { Skipped } from '../result.js'

/** What every context has. */
export interface Traced {
  /**
   * Why it failed: a code of {@link TurnErrorCode}, the code or the server's name of another error, `interrupted` for what was over
   * before its end, `unknown` where there is no name.
   */
  errorCode?: string
}

/** One attempt to take a turn, with the wait for a conversation that is held; subscribers of `turnstead:turn:claim`. */
export interface ClaimTrace extends Traced {
  readonly turnId: RowId
  readonly conversationId: RowId
  readonly owner: string
  /** `claimed`, or why it was not. */
  outcome?: 'claimed' | Skipped['reason']
}

/** One run of a turn under its lease, to the settled row; subscribers of `turnstead:turn:turn`. */
export interface TurnTrace extends Traced {
  readonly turnId: RowId
  readonly conversationId: RowId
  readonly owner: string
  /** Number of the claim. */
  readonly fence: number
  /** An earlier worker has chosen the prompt. */
  readonly isResumed: boolean
  /** W3C `traceparent` under which the turn began, by its row. */
  readonly traceparent: string | null
  /** The agent that is asked for; null is the server's default. */
  readonly agent: string | null
  /** The provider and model that are asked for; null is the server's default. */
  readonly provider: string | null
  readonly model: string | null
  /** The upstream session, once there is one. */
  sessionId: string | null
  /** The id of the user message, once it is chosen. */
  promptId: string | null
  /** How it ended, or `skipped`: nothing was settled. */
  status?: 'completed' | 'failed' | 'cancelled' | 'skipped'
  /** The ending, or why it was skipped. */
  ending?: TurnEnding | Skipped['reason']
  /** Cost of the whole turn so far, in the provider's currency, sub-agents and earlier runs included. */
  cost?: number
  /** Tokens of the whole turn so far. */
  tokens?: Tokens
  /** From the first send of this run to the first text. */
  timeToFirstTokenMs?: number | null
  /** How often the prompt was run again. */
  reruns?: number
  durationMs?: number
}

/** Making sure that the conversation has its session; subscribers of `turnstead:turn:session`. */
export interface SessionTrace extends Traced {
  readonly turn: TurnTrace
  sessionId?: string
  /** `ensured`: it had one; `created`; `recreated`: the server did not know the earlier one any more. */
  outcome?: 'ensured' | 'created' | 'recreated' | 'restored'
}

/** Something of the agent that was observed. Times are in milliseconds since the epoch. */
export interface ObservedTrace extends Traced {
  readonly turn: TurnTrace
  /** The session: the turn's own, or that of a sub-agent. */
  readonly sessionId: string
  /** The sub-agent whose session it is; null in the turn's own. */
  readonly agent: AgentTrace | null
  readonly startedAt: number
  endedAt?: number
}

/** One sub-agent at work; subscribers of `turnstead:turn:agent`. Its `agent` is the one above it, if that is one too. */
export interface AgentTrace extends ObservedTrace {
  /** The tool call that started it; null when that was not known yet. */
  readonly tool: ToolTrace | null
  /** Its name, when the server told. */
  name: string | null
  /** Of its own steps, without those of sub-agents below it. */
  steps: number
  cost: number
  tokens: Tokens
}

/** One step of a model: a request to the provider and its answer; subscribers of `turnstead:turn:step`. */
export interface StepTrace extends ObservedTrace {
  readonly messageId: string
  /** Name of the agent that asks the model. */
  readonly agentName: string | null
  /** Which provider and model answered. */
  provider: string | null
  model: string | null
  /** Why the model stopped: `stop`, `tool-calls`, `length` … */
  finish?: string | null
  /** In the provider's currency. */
  cost?: number
  tokens?: Tokens
}

/** One call of a tool from when it runs; subscribers of `turnstead:turn:tool`. */
export interface ToolTrace extends ObservedTrace {
  readonly messageId: string
  /** The model's id of the call. */
  readonly callId: string
  /** The tool's name. */
  readonly tool: string
  status: 'running' | 'completed' | 'error' | 'interrupted'
}

/** Who decides what the agent asks. */
export type AskDecider = 'policy' | 'person' | 'stop' | 'elsewhere'

/** One permission or question from when it is asked; subscribers of `turnstead:turn:ask`. */
export interface AskTrace extends ObservedTrace {
  readonly askId: string
  readonly kind: 'permission' | 'question'
  /** Name of the permission, such as `edit`; null for a question. */
  readonly permission: string | null
  /** The tool call that asks, when there is one. */
  readonly callId: string | null
  /** `withdrawn`: it was another turn's; `expired`: no one answers it any more. */
  outcome?: 'answered' | 'rejected' | 'expired' | 'withdrawn'
  /** Who decided: the policy, a person through the row, the end of the turn, or someone else on the server; null while open. */
  decidedBy: AskDecider | null
  /** Which of the policy's rules. */
  rule: string | null
  waitMs?: number
}

/** The terminal write; subscribers of `turnstead:turn:settle`. */
export interface SettleTrace extends Traced {
  readonly turn: TurnTrace
  readonly status: 'completed' | 'failed' | 'cancelled'
  /** False when another one holds the turn, or has ended it. */
  isWritten?: boolean
}

/** Collecting the files of a turn; subscribers of `turnstead:turn:artifact`. */
export interface ArtifactTrace extends Traced {
  readonly turn: TurnTrace
  /** Calls of tools that were looked through. */
  readonly tools: number
  /** Files that are kept and those that are not, where the collector's report says it. */
  kept?: number
  dropped?: number
}

/** One attempt to deliver an event of the outbox; subscribers of `turnstead:turn:outbox`. */
export interface DeliveryTrace extends Traced {
  readonly eventId: string
  /** Such as `turn.ended`. */
  readonly type: string
  readonly turnId: RowId
  readonly conversationId: RowId
  /** How often it was tried before. */
  readonly attempts: number
  /** `dead`: given up; `left`: this process is closing, another one tries. */
  outcome?: 'delivered' | 'failed' | 'dead' | 'left'
}

/**
 * The tracing channels of this package. Ids, names, codes, counts and times only: no prompts, answers, inputs or outputs of tools,
 * paths or credentials. What happens in a turn is looked at only if there is a subscriber when it begins to run.
 */
export interface TurnChannels {
  /** `turnstead:turn:claim` */
  readonly claim: TracingChannel<ClaimTrace, ClaimTrace>
  /** `turnstead:turn:turn` */
  readonly turn: TracingChannel<TurnTrace, TurnTrace>
  /** `turnstead:turn:session` */
  readonly session: TracingChannel<SessionTrace, SessionTrace>
  /** `turnstead:turn:step` */
  readonly step: TracingChannel<StepTrace, StepTrace>
  /** `turnstead:turn:tool` */
  readonly tool: TracingChannel<ToolTrace, ToolTrace>
  /** `turnstead:turn:agent` */
  readonly agent: TracingChannel<AgentTrace, AgentTrace>
  /** `turnstead:turn:ask` */
  readonly ask: TracingChannel<AskTrace, AskTrace>
  /** `turnstead:turn:settle` */
  readonly settle: TracingChannel<SettleTrace, SettleTrace>
  /** `turnstead:turn:artifact` */
  readonly artifact: TracingChannel<ArtifactTrace, ArtifactTrace>
  /** `turnstead:turn:outbox` */
  readonly outbox: TracingChannel<DeliveryTrace, DeliveryTrace>
}

/**
 * Subscribe with `node:diagnostics_channel`; one object goes through all steps of an operation, and refers to those of the
 * operations that it is part of. `end` says nothing: an operation is over at `asyncEnd`. What a subscriber throws is, as for all
 * channels of Node, an uncaught exception of the process; the turn does not notice it.
 */
export const channels: TurnChannels = {
  claim: tracingChannel<ClaimTrace, ClaimTrace>('turnstead:turn:claim'),
  turn: tracingChannel<TurnTrace, TurnTrace>('turnstead:turn:turn'),
  session: tracingChannel<SessionTrace, SessionTrace>('turnstead:turn:session'),
  step: tracingChannel<StepTrace, StepTrace>('turnstead:turn:step'),
  tool: tracingChannel<ToolTrace, ToolTrace>('turnstead:turn:tool'),
  agent: tracingChannel<AgentTrace, AgentTrace>('turnstead:turn:agent'),
  ask: tracingChannel<AskTrace, AskTrace>('turnstead:turn:ask'),
  settle: tracingChannel<SettleTrace, SettleTrace>('turnstead:turn:settle'),
  artifact: tracingChannel<ArtifactTrace, ArtifactTrace>('turnstead:turn:artifact'),
  outbox: tracingChannel<DeliveryTrace, DeliveryTrace>('turnstead:turn:outbox'),
}
