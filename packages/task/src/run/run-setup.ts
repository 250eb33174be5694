import type { ArtifactCollector, AskPolicy, RowId, TurnOptions } from '@turnstead/turn'
import type { AgentClient } from '../agent-client.js'
import type { Clock } from '../clock.js'
import type { HostTools } from '../host-tools/host-tool.js'
import type { Listener } from '../host-tools/listener.js'
import type { Connect } from './connection.js'
import type { TaskRows } from './task-rows.js'

/** What every run of a tool or workspace is given. */
export interface RunSetup {
  readonly connect: Connect
  /** Whose sessions may be continued. */
  readonly scope: string
  /** Under which scope asks are answered; empty when the host named none. */
  readonly answerScope: string
  readonly rows: TaskRows | null
  /** No one else works in the client's directory, so that what happens there is the run's. */
  readonly isDirectoryOwn: boolean
  readonly hostTools: HostTools
  readonly hostToolListener: Listener
  readonly asks: AskPolicy
  readonly artifacts: ArtifactCollector | null
  readonly turn: TurnSettings
  /** Shortest time between two preliminary outputs. */
  readonly intervalMs: number
  readonly previewCharacters: number
  readonly clock: Clock
  /** Gives runs up without stopping their agents; only with rows. */
  readonly signal: AbortSignal | undefined
}

/** A run that has its client. */
export interface ConnectedSetup extends RunSetup {
  readonly client: AgentClient
}

/** Settings of the turns that a tool runs: those of `runTurn` that the tool does not set itself. */
export type TurnSettings = Pick<
  TurnOptions,
  | 'server'
  | 'owner'
  | 'ids'
  | 'traceContext'
  | 'promptDefaults'
  | 'session'
  | 'timing'
  | 'recovery'
  | 'budgets'
  | 'onError'
>

/** One call of the tool. */
export interface AgentCall {
  /** The tool call's id. */
  readonly callId: string
  readonly prompt: string
  /** The session to continue; null for a new one. */
  readonly sessionId: string | null
  /** The file that is to be the result. */
  readonly outputFile: string | null
  /** Stops the agent. */
  readonly signal: AbortSignal | undefined
}

/** The rows that one call runs in. */
export interface RunPlace {
  readonly turnId: RowId
  readonly conversationId: RowId
}
