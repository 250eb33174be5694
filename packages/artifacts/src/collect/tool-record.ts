/** What this package reads of a tool call; the tool parts of `@turnstead/reply` fit. */
export interface ToolRecord {
  /** Name of the tool: `write`, `edit`, `apply_patch` … */
  readonly tool: string
  /** Only `completed` calls count. */
  readonly status: string
  /** What the model passed in. Not trusted. */
  readonly input?: unknown
  /** What the server noted about the result. Not trusted. */
  readonly metadata?: unknown
  /** The model's id of the call. */
  readonly callId?: string | null | undefined
  /** The session that made the call; differs from the turn's own for a sub-agent. */
  readonly sessionId?: string | null | undefined
  /** When the call began to run, in milliseconds since the Unix epoch. */
  readonly startedAt?: number | null | undefined
}

/** Takes a record of any origin; `null` for what is no tool call. */
export function toToolRecord(value: unknown): ToolRecord | null {
  const { tool, status, input, metadata, callId, sessionId, startedAt } = toFields(value)
  if (typeof tool !== 'string' || typeof status !== 'string') return null
  return {
    tool,
    status,
    input,
    metadata,
    callId: isText(callId) ? callId : null,
    sessionId: isText(sessionId) ? sessionId : null,
    startedAt: typeof startedAt === 'number' && Number.isFinite(startedAt) ? startedAt : null,
  }
}

/** When the first of these calls began; null when none says it. Nothing happens to a file before. */
export function firstStart(tools: readonly unknown[]): number | null {
  const starts = tools.flatMap((value) => toToolRecord(value)?.startedAt ?? [])
  return starts.length === 0 ? null : starts.reduce((one, other) => Math.min(one, other))
}

/** One thing that a completed call did to a file, in the words of the call. */
export type FileChange =
  | { readonly kind: 'written'; readonly path: string; readonly content: string | null }
  | { readonly kind: 'removed'; readonly path: string }
  | { readonly kind: 'unknown' }

/** Reads what a call did to files. Total: a malformed record gives `unknown` or nothing. */
export function toFileChanges(record: ToolRecord): FileChange[] {
  if (record.status !== 'completed') return []
  const input = toFields(record.input)
  const metadata = toFields(record.metadata)
  if (isRefused(input)) return []
  switch (record.tool.toLowerCase()) {
    case 'write': {
      const content = typeof input['content'] === 'string' ? input['content'] : null
      return [written(metadata['filepath'], input['filePath'], content)]
    }
    case 'edit':
      return [written(toFields(metadata['filediff'])['file'], input['filePath'], null)]
    case 'apply_patch': {
      const files = metadata['files']
      return Array.isArray(files) ? files.flatMap(toPatchChanges) : [{ kind: 'unknown' }]
    }
    default:
      return []
  }
}

/**
 * A call that the server did not run, because the tool is denied or the arguments are no JSON: it is reported
 * as completed, under the tool `invalid` or still under its own name, with these two as its input.
 */
function isRefused(input: Readonly<Record<string, unknown>>): boolean {
  return typeof input['tool'] === 'string' && typeof input['error'] === 'string'
}

function toPatchChanges(value: unknown): FileChange[] {
  const file = toFields(value)
  const path = file['filePath']
  const moved = file['movePath']
  if (!isText(path)) return [{ kind: 'unknown' }]
  if (file['type'] === 'delete') return [{ kind: 'removed', path }]
  if (!isText(moved)) return [{ kind: 'written', path, content: null }]
  return [
    { kind: 'removed', path },
    { kind: 'written', path: moved, content: null },
  ]
}

/** The server's own absolute path first; the model's may be relative. */
function written(noted: unknown, given: unknown, content: string | null): FileChange {
  const path = isText(noted) ? noted : given
  return isText(path) ? { kind: 'written', path, content } : { kind: 'unknown' }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function toFields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
