import type { JsonValue, ReplyView } from '@turnstead/reply'
import { WireError } from '@turnstead/wire'
import type { RunOutputFile } from '../run-output.js'
import { editedFiles } from './edited-files.js'
import { relativeTo } from './to-run-output.js'

/** Opens a file below the agent's directory. Rejects with a WireError, `server_error` for one that is not there. */
export type OpenFile = (path: string) => Promise<{ readonly body: { destroy(): unknown } }>

/** Whether the file that a call named is there and was written by its run. */
export async function verifyOutputFile(
  name: string,
  run: {
    readonly view: ReplyView | null
    readonly directory: string | null
    /** What the collector of artifacts reported; null without one. */
    readonly report: unknown
    readonly open: OpenFile | null
  },
): Promise<RunOutputFile> {
  const path = relativeTo(run.directory)(name).replace(/^\.\//, '')
  const reported = reportOf(run.report)
  if (reported !== null) {
    const { artifact, reason } = reported
    return { path, isVerified: reason === null, reason, artifact }
  }
  const unverified = (reason: string): RunOutputFile => ({
    path,
    isVerified: false,
    reason,
    artifact: null,
  })
  if (run.view === null || !writtenBy(run.view, run.directory).has(path)) {
    return unverified('not_of_this_run')
  }
  if (run.open === null) return unverified('unreachable')
  try {
    const { body } = await run.open(path)
    body.destroy()
    return { path, isVerified: true, reason: null, artifact: null }
  } catch (error) {
    const isMissing = WireError.is(error) && error.code === 'server_error'
    return unverified(isMissing ? 'missing' : 'unreachable')
  }
}

/** `outputFile` of a report of `@turnstead/artifacts`; any other report says nothing of it. */
function reportOf(report: unknown): { artifact: JsonValue; reason: string | null } | null {
  const { artifact, reason } = fields(fields(report)['outputFile'])
  if (typeof reason === 'string') return { artifact: null, reason }
  if (typeof artifact !== 'object' || artifact === null) return null
  return { artifact: JSON.parse(JSON.stringify(artifact)) as JsonValue, reason: null }
}

/** Every path that the run's tools name as written, and what the server saw change. */
function writtenBy(view: ReplyView, directory: string | null): ReadonlySet<string> {
  const { changed, diffs } = view.workspace
  const patched = view.parts.flatMap((part) => (part.kind === 'patch' ? part.files : []))
  const paths = [
    ...editedFiles(view),
    ...patched,
    ...changed.map(({ path }) => path),
    ...diffs.flatMap(({ path }) => (path === null ? [] : [path])),
  ]
  return new Set(paths.map(relativeTo(directory)))
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
