import type {
  Ask,
  ChangedFile,
  Diagnosed,
  FileDiff,
  JsonValue,
  Process,
  Todo,
  Tokens,
} from '@turnstead/reply'
import type { UiMessage, UiUserMessage } from '@turnstead/reply/ui-message-stream'
import type { StopReport, TurnErrorCode } from '@turnstead/turn'

/** Why a run did not end well, in words that may be shown. */
export interface RunError {
  /**
   * The code of the turn's `TurnError`, or `session_unknown`: the session that was to be continued is not there, or was not
   * begun under this tool's `scope`. `output_cut`, in a page only: the stream ended before the last output
   * (`settleRunOutput` of `@turnstead/task/output`).
   */
  readonly code: TurnErrorCode | 'session_unknown' | 'output_cut'
  /** For the user, in English, without details of the provider or the machine. */
  readonly message: string
  /** The same again may well succeed without a change by anyone. */
  readonly retryable: boolean
}

/** The file that the call named as its result. A name is only a claim; `isVerified` says whether it holds. */
export interface RunOutputFile {
  /** As it was named; below the agent's directory, where that is known to hold it, relative to it. */
  readonly path: string
  /** It is there, and this run wrote it. */
  readonly isVerified: boolean
  /**
   * Why it is not verified: `not_of_this_run`, `missing`, `unreachable` (it could not be looked for), `run_failed`, or what the collector of
   * artifacts says. Null when it is.
   */
  readonly reason: string | null
  /** What the collector of artifacts kept: plain JSON. Null without one. */
  readonly artifact: JsonValue
}

/**
 * What a run of the agent came to so far: plain JSON, the output of the tool. A preliminary one (`status: 'working'`) shows the newest
 * part of the conversation; the last one holds all of it.
 */
export interface OpenCodeRunOutput {
  /** Of this shape. It changes only when a reader of the old shape would be wrong. */
  readonly version: 1
  readonly status: 'working' | 'complete' | 'error' | 'cancelled'
  /** The OpenCode session, to go on with; null until it is known. */
  readonly sessionId: string | null
  /** The prompt and the agent's answer as UI messages of the AI SDK: texts, reasoning, tools and files, those of sub-agents below the call that started them. */
  readonly messages: readonly (UiMessage | UiUserMessage)[]
  /** So many parts at the beginning of the answer are left out; 0 in the last output. */
  readonly omittedParts: number
  /** Files that the agent's tools edited, relative to its directory. */
  readonly filesEdited: readonly string[]
  /** Files that changed on disk while it ran, whoever did it; this, `diagnostics` and `processes` only where the directory is the chat's own. */
  readonly fileChanges: readonly ChangedFile[]
  /** What changed, file by file; only in git repositories. Without patches in a preliminary output. */
  readonly diffs: readonly FileDiff[]
  readonly diagnostics: readonly Diagnosed[]
  /** Terminals that were opened. */
  readonly processes: readonly Process[]
  readonly todos: readonly Todo[]
  /** Permissions and questions. In a preliminary output only those that are open: answer them with `answerTask`. */
  readonly asks: readonly Ask[]
  /** The newest model, as `provider/model`; null until it is known. */
  readonly model: string | null
  /** Of the whole run with its sub-agents, in the provider's currency. */
  readonly cost: number
  readonly tokens: Tokens
  /** The agent's last words, at most 4,000 characters. Null while it works, and when it said nothing. */
  readonly summary: string | null
  /** Null unless the status is `error`. */
  readonly error: RunError | null
  /** How the agent was stopped; null when it ended by itself, and while it works. */
  readonly stop: StopReport | null
  /** Null until the end, and when the call named none. */
  readonly outputFile: RunOutputFile | null
}

/**
 * Whether a value, such as a tool's output in a stored message, is the output of a run, in a version that this package can read. Messages
 * come from pages, so it may be anything: all that readers of this package go by is looked at.
 */
export function isRunOutput(value: unknown): value is OpenCodeRunOutput {
  const { version, status, ...rest } = fieldsOf(value)
  if (version !== 1 || !statuses.has(status)) return false
  const { error, filesEdited, outputFile, sessionId, summary } = rest
  return (
    lists.every((name) => Array.isArray(rest[name])) &&
    (filesEdited as unknown[]).every(isText) &&
    [sessionId, summary].every((each) => each === null || isText(each)) &&
    (error === null || (isText(fieldsOf(error)['code']) && isText(fieldsOf(error)['message']))) &&
    (outputFile === null || isText(fieldsOf(outputFile)['path']))
  )
}

const statuses: ReadonlySet<unknown> = new Set(['working', 'complete', 'error', 'cancelled'])
const lists = [
  'messages',
  'filesEdited',
  'fileChanges',
  'diffs',
  'diagnostics',
  'processes',
  'todos',
  'asks',
] as const

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
