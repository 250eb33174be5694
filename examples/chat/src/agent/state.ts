/** `starting`: it was not there yet since this process began. `down`: it failed so often that it is not tried again. */
export type AgentState = 'starting' | 'up' | 'restarting' | 'down'

/** What a reader of a turn that is not over is shown; null while nothing is wrong. */
export const agentTroubles: Readonly<Record<AgentState, string | null>> = {
  starting: 'Starting OpenCode. Your message is kept and will be answered',
  up: null,
  restarting: 'OpenCode has stopped and is being restarted. What you see is kept.',
  down: 'OpenCode has stopped and cannot be restarted. What you see is kept.',
}

/** The model that answers, and what the reader should know about it. */
export interface ModelInfo {
  readonly label: string
  readonly hint: string | null
}
