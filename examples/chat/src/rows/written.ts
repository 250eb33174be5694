import type { Upload } from '@turnstead/artifacts/uploads'
import type { Prompt } from '@turnstead/turn'

/** What a person sent. */
export interface Written {
  readonly body: string
  readonly uploads: readonly Upload[]
  /** What it asks beside its text: the model, the agent. Default: nothing. */
  readonly prompt?: Omit<Prompt, 'text' | 'parts'>
  /** How it is to reach an agent that is at work: after that, or with its next step. Default: `queue`. */
  readonly delivery?: 'queue' | 'steer'
  /** What its form was sent with: whoever sends the same again, because no answer came, means one message. */
  readonly key?: string | null
}
