import type { StoreCallOptions } from '../store/store.js'

/** A user's file that was put into the agent's directory; see `placeUploads`. */
export interface UnchangedUpload {
  /** Where it was placed, below the agent's directory. */
  readonly path: string
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly sha256: string
}

/** Options of `collect` of {@link MessageArtifacts}. */
export interface CollectOptions extends StoreCallOptions {
  /** The host's row of the turn that the files belong to. */
  readonly turnId: string | number | bigint
  /** The host's conversation; noted with every file. */
  readonly conversationId?: string | number | bigint | null | undefined
  /**
   * The turn's tool calls, oldest first, sub-agents' included: {@link ToolRecord}s, such as
   * `reply.result().tools`. They need not be trusted; what is no tool call is ignored.
   */
  readonly tools: readonly unknown[]
  /**
   * When the turn began, in milliseconds since the Unix epoch, by the clock of the machine with the files; `scan.slackMs` before
   * it count, too. For `scan`, and to believe an `outputFile` that nothing else names. Default: when the first of the tools
   * began, by their own `startedAt`; where they have none, nothing is searched.
   */
  readonly startedAt?: number | undefined
  /**
   * Paths that the server itself saw change, whatever changed them: the `files` of the turn's `patch` parts, which there are in git
   * repositories. Taken with `scan` only, and the one way to files that no tool call names where the disk is not shared.
   */
  readonly changes?: readonly string[] | undefined
  /** The user's files that were placed for the agent: one that is still there, unchanged, is dropped as `unchanged_upload`. */
  readonly uploads?: readonly UnchangedUpload[] | undefined
  /**
   * The file that is the turn's result, as the host or the agent names it: absolute, or below the agent's directory. It is kept before all others, and
   * `outputFile` of the report has it, or says why it is none: a name is only a claim. Transforms' files can be named, too.
   */
  readonly outputFile?: string | undefined
  /**
   * When the turn ended, in milliseconds since the Unix epoch, for a collection that comes later, as by a job that runs
   * again: a later turn may have changed the files since. A file that was changed after it is taken from the tool call if
   * that holds it, else dropped as `changed_later`. A `reader` that does not tell `modifiedAt` cannot be believed then. By
   * the clock of the machine with the files. Default: the files are as the turn left them.
   */
  readonly settledAt?: number | undefined
}

const maxIdLength = 255

/** What a catalog's rows have room for; without one, an id may have any length. */
export function checkIdLengths(
  ids: Readonly<Record<string, string | number | bigint | null>>,
): void {
  for (const [name, id] of Object.entries(ids)) {
    if (String(id).length <= maxIdLength) continue
    throw new RangeError(`\`${name}\` must have at most ${maxIdLength} characters.`)
  }
}

export function checkMoment(name: 'startedAt' | 'settledAt', moment: number | null): void {
  if (moment === null || Number.isFinite(moment)) return
  throw new RangeError(`\`${name}\` must be a time in milliseconds since the Unix epoch.`)
}
