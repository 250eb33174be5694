/** `down`: it failed so often that it is not tried again. */
export type AgentState = 'up' | 'restarting' | 'down'

/** The model that answers, and what the reader should know about it. */
export interface ModelInfo {
  readonly label: string
  readonly hint: string | null
}
