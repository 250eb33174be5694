import { limitTime, untilAbort, type TimeLimit } from '../abort.js'
import type { Artifact } from '../catalog/artifact.js'
import { Drop, type DropReason } from '../directory/drop-reason.js'
import type { Transform } from '../transforms/transform.js'
import { collectFile, type CollectContext } from './collect-file.js'
import type { FoundFiles } from './find-files.js'
import { rowsMs } from './limits.js'
import type { OwnedNames } from './owned-names.js'
import { purgeImpostors, render, toRendering, type RenderContext } from './render.js'
import { toDropped, toFailed, type CollectReport, type DroppedArtifact } from './report.js'
import type { TurnFile } from './turn-files.js'

/** Files that are gone or refused cost time, too, so tries are bounded, not only what is kept. */
const triesPerFile = 5

/** What one collection works with. */
export interface TurnCollection {
  readonly context: CollectContext
  readonly found: FoundFiles
  readonly owned: OwnedNames
  readonly transforms: readonly Transform[]
  readonly rendering: RenderContext
  readonly limits: {
    readonly maxFiles: number
    readonly maxFileBytes: number
    readonly maxTotalBytes: number
  }
  readonly limit: TimeLimit
  /** The caller's own. */
  readonly signal: AbortSignal | undefined
}

/** Files by their exact paths, as they are kept or refused. */
interface Results {
  readonly kept: Map<string, Artifact>
  readonly reasons: Map<string, DropReason>
  readonly dropped: DroppedArtifact[]
}

/** Keeps what may be kept, makes the host's files of it, writes the rows, and then purges what passed for the host's. */
export async function collectTurn(collection: TurnCollection): Promise<CollectReport> {
  const { found, signal } = collection
  const results: Results = {
    kept: new Map(),
    reasons: new Map(),
    dropped: [...found.dropped],
  }
  await keepFiles(collection, results)
  const rendered = await renderFiles(collection, results)
  // Of its own: what was stored when the time was over is to be found, too.
  const rows = limitTime(collection.context.limits.clock, {
    ms: rowsMs,
    signal,
    what: 'The rows of the files were not written',
  })
  try {
    const isRecorded = await record(collection, results, rows.signal)
    if (isRecorded) await purge(collection, results, { rendered, signal: rows.signal })
  } finally {
    rows.end()
  }
  const report = { kept: [...results.kept.values()], dropped: results.dropped }
  const { output } = found
  if (output === null) return report
  return { ...report, outputFile: toOutputFile(output, results) }
}

async function keepFiles(collection: TurnCollection, results: Results): Promise<void> {
  const { context, found, limits, limit, owned, signal } = collection
  const { kept, reasons, dropped } = results
  let tries = 0
  let left = limits.maxTotalBytes
  for (const file of found.files) {
    const { path } = file
    const maxBytes = Math.min(limits.maxFileBytes, left)
    try {
      signal?.throwIfAborted()
      owned.refuse(path)
      if (kept.size >= limits.maxFiles || tries >= limits.maxFiles * triesPerFile) {
        throw new Drop('too_many_files')
      }
      tries += 1
      // A store or a disk that does not heed the signal must not hold the caller.
      const artifact = await untilAbort(limit.signal, () => keep(context, file, maxBytes))
      kept.set(path, artifact)
      left -= artifact.sizeBytes
    } catch (error) {
      signal?.throwIfAborted()
      const isOverTotal = error instanceof Drop && error.reason === 'too_large'
      const failed = toFailed(
        { path, tool: file.record.tool },
        isOverTotal && maxBytes < limits.maxFileBytes ? new Drop('total_too_large') : error,
        limit,
      )
      reasons.set(path, failed.reason)
      if (file.since === undefined) dropped.push(failed)
    }
  }
}

async function keep(context: CollectContext, file: TurnFile, maxBytes: number): Promise<Artifact> {
  const since = file.since ?? null
  return await collectFile({ ...context, limits: { ...context.limits, maxBytes, since } }, file)
}

async function renderFiles(collection: TurnCollection, results: Results): Promise<Artifact[]> {
  const { limit, rendering, signal, transforms } = collection
  const rendered: Artifact[] = []
  for (const [path, artifact] of [...results.kept]) {
    let lost = { path, tool: 'unknown' }
    try {
      const next = toRendering({ path, artifact }, transforms)
      if (next === null) continue
      lost = { path: next.path, tool: next.transform.name }
      const made = await untilAbort(limit.signal, () => render(rendering, next))
      results.kept.set(next.path, made)
      rendered.push(made)
    } catch (error) {
      signal?.throwIfAborted()
      const failed = toFailed(lost, error, limit)
      results.reasons.set(lost.path, failed.reason)
      results.dropped.push(failed)
    }
  }
  return rendered
}

/** Files whose rows could not be written are not kept: nobody would find them. */
async function record(
  { signal, rendering }: TurnCollection,
  { kept, reasons, dropped }: Results,
  ends: AbortSignal,
): Promise<boolean> {
  if (kept.size === 0) return true
  try {
    await untilAbort(ends, () => rendering.index.record([...kept.values()]))
    return true
  } catch (error) {
    signal?.throwIfAborted()
    for (const [path, { provenance }] of kept) {
      reasons.set(path, 'store_failed')
      dropped.push(toDropped({ path, tool: provenance.tool }, 'store_failed', error))
    }
    kept.clear()
    return false
  }
}

async function purge(
  { signal, rendering }: TurnCollection,
  { dropped }: Results,
  { rendered, signal: ends }: { readonly rendered: readonly Artifact[]; signal: AbortSignal },
): Promise<void> {
  const [first] = rendered
  if (first === undefined) return
  try {
    await untilAbort(ends, () => purgeImpostors({ ...rendering, signal: ends }, rendered))
  } catch (error) {
    signal?.throwIfAborted()
    const failed = toDropped({ path: first.path, tool: 'unknown' }, 'reserved_name', error)
    dropped.push({ ...failed, retryable: true })
  }
}

function toOutputFile(
  output: string | Drop,
  { kept, reasons }: Results,
): NonNullable<CollectReport['outputFile']> {
  if (output instanceof Drop) return { artifact: null, reason: output.reason }
  const artifact = kept.get(output)
  if (artifact !== undefined) return { artifact, reason: null }
  return { artifact: null, reason: reasons.get(output) ?? 'not_in_turn' }
}
