import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel'
import type { RowId } from '../records.js'

/** One call of a verb of the store, as subscribers of `turnstead:session:verb` see it; never with what is in the rows. */
export interface VerbTrace {
  /** Name of the verb: `claim`, `settle`, `ensureSession` … */
  readonly verb: string
  /** The turn that it is about, if it is about one. */
  readonly turnId: RowId | null
  /** The conversation that it is about, where the call names it. */
  readonly conversationId: RowId | null
  /** `claimed`, `accepted` or the reason why not; `done` or `refused` for a write; `found` or `missing` for a read. */
  outcome?: string
  /** Code of the error: a {@link SessionErrorCode}, or the code or name of another one; `unknown` where there is none. */
  errorCode?: string
}

/** The tracing channels of this package; nothing is done for them while there is no subscriber. */
export interface SessionChannels {
  /** `turnstead:session:verb` */
  readonly verb: TracingChannel<VerbTrace, VerbTrace>
}

/** Subscribe with `node:diagnostics_channel`; one object goes through all steps of a call. */
export const channels: SessionChannels = {
  verb: tracingChannel<VerbTrace, VerbTrace>('turnstead:session:verb'),
}
