import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel'

/** One `collect`, as subscribers of `turnstead:artifacts:collect` see it; never with names, paths or bytes of files. */
export interface CollectTrace {
  /** The host's row of the turn. */
  readonly turnId: string | number | bigint
  /** The host's conversation. */
  readonly conversationId: string | number | bigint | null
  /** Calls of tools that were looked through. */
  readonly tools: number
  /** Files that are in the store now. */
  kept?: number
  /** Their bytes, together. */
  keptBytes?: number
  /** Of those kept, files that no tool call names. */
  found?: number
  /** Of those kept, files that the host made by a transform. */
  rendered?: number
  /** Files that are not, by a {@link DropReason} each. */
  dropped?: Readonly<Record<string, number>>
  /** Why it failed: the code or name of the error, `unknown` where there is none. */
  errorCode?: string
}

/** One `put` of a store of this package, as subscribers of `turnstead:artifacts:put` see it; never with its key. */
export interface PutTrace {
  /** `memory`, `disk` or the name of another store of this package. */
  readonly store: string
  /** Length of the object in bytes, once it is stored. */
  sizeBytes?: number
  /** Why it failed: an {@link ArtifactErrorCode}, or the code or name of another error, `unknown` where there is none. */
  errorCode?: string
}

/** The tracing channels of this package; nothing is done for them while there is no subscriber. */
export interface ArtifactChannels {
  /** `turnstead:artifacts:collect` */
  readonly collect: TracingChannel<CollectTrace, CollectTrace>
  /** `turnstead:artifacts:put` */
  readonly put: TracingChannel<PutTrace, PutTrace>
}

/** Subscribe with `node:diagnostics_channel`; one object goes through all steps of an operation. */
export const channels: ArtifactChannels = {
  collect: tracingChannel<CollectTrace, CollectTrace>('turnstead:artifacts:collect'),
  put: tracingChannel<PutTrace, PutTrace>('turnstead:artifacts:put'),
}
