/**
 * Why a file of the turn was not kept.
 *
 * | reason | meaning |
 * |---|---|
 * | `unknown_path` | the tool call does not say which file it changed |
 * | `invalid_path` | the path is empty, over-long, or holds characters that no file can have |
 * | `outside_directory` | the path leads out of the agent's directory |
 * | `reserved_name` | the name belongs to the host |
 * | `too_many_files` | the turn changed more files than `limits.maxFiles`, or five times as many were tried |
 * | `out_of_time` | `limits.collectMs` were over before it was stored |
 * | `too_large` | the file has more than `limits.maxFileBytes` |
 * | `total_too_large` | with the files before it there would be more than `limits.maxTotalBytes` |
 * | `unchanged_upload` | it is a user's upload, where it was placed and as it was |
 * | `not_in_turn` | the file that `outputFile` names was not made or changed in this turn, as far as can be told |
 * | `not_scanned` | the folder was not searched for files that no tool call names: it is beyond the bounds of `scan`, or cannot be read |
 * | `transform_failed` | the host's file could not be made of the agent's |
 * | `missing` | the agent's disk is there, the file is not: it was removed or moved later |
 * | `symlink` | the file, or a folder on the way to it, is a symbolic link |
 * | `hard_link` | the file has a second name, which may be outside |
 * | `mounted` | the file, or a folder on the way to it, lies on another file system than the directory |
 * | `not_a_file` | there is a folder, pipe, socket or device |
 * | `replaced` | it became something else between check and opening |
 * | `changing` | it was being written at every attempt |
 * | `changed_later` | it was changed after the turn had ended, or nothing says when, and the tool call does not hold it |
 * | `unsafe_directory` | the agent's directory itself is a symbolic link or no directory |
 * | `unreachable` | neither disk nor server gave the bytes, and the tool call does not hold them |
 * | `store_failed` | the store did not take it; collect again |
 */
export type DropReason =
  | 'unknown_path'
  | 'invalid_path'
  | 'outside_directory'
  | 'reserved_name'
  | 'too_many_files'
  | 'out_of_time'
  | 'too_large'
  | 'total_too_large'
  | 'unchanged_upload'
  | 'not_in_turn'
  | 'not_scanned'
  | 'transform_failed'
  | 'missing'
  | 'symlink'
  | 'hard_link'
  | 'mounted'
  | 'not_a_file'
  | 'replaced'
  | 'changing'
  | 'changed_later'
  | 'unsafe_directory'
  | 'unreachable'
  | 'store_failed'

/** Thrown inside a collection to drop one file; never leaves the package. */
export class Drop extends Error {
  readonly reason: DropReason

  constructor(reason: DropReason, options?: ErrorOptions) {
    super(reason, options)
    this.reason = reason
  }
}
