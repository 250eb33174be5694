import type { ArtifactCollector } from '../ports.js'
import { withinMs } from '../run/deadline.js'
import { onAbort } from '../run/listen.js'
import type { TurnRun } from '../run/run.js'
import { traceCollect } from './trace-run.js'

/** What became of the files. */
export interface Collected<Report> {
  readonly report: Report | null
  /** False when they have to be collected again. */
  readonly isDone: boolean
  /** What the row keeps of the report; undefined for nothing. */
  readonly files?: unknown
}

/**
 * Hands the turn's tools to the collector, after the row is settled, however it ended. Its failure cannot undo the turn.
 *
 * @param settledAt - When the turn ended, if that was under an earlier worker: files that changed since are not the turn's.
 */
export async function collectArtifacts<Report>(
  run: TurnRun,
  collector: ArtifactCollector<Report> | undefined,
  settledAt: number | null = null,
): Promise<Collected<Report>> {
  const tools = run.reply?.result().tools ?? []
  if (collector === undefined || tools.length === 0) return { report: null, isDone: true }
  const { budgets, clock, conversationId, report } = run.setup
  const { turnId } = run.lease.lease
  const ms = budgets.progressMs
  const expired = (): Error =>
    new Error(
      `The files of turn ${String(turnId)} were not collected within ${ms} ms (\`progressMs\`).`,
    )
  const since = settledAt === null ? {} : { settledAt }
  const changes = changedFiles(run)
  // Another worker has the conversation, or this process is to leave: whoever comes next collects the files.
  const left = new AbortController()
  const unlisten = [run.lease.lost, run.setup.signal].map((signal) =>
    onAbort(signal, () => left.abort(signal?.reason)),
  )
  try {
    const collected = await traceCollect(run, tools, () =>
      withinMs(clock, { ms, signal: left.signal, expired }, (signal) =>
        collector.collect({
          ...{ conversationId, turnId, tools, signal, ...since },
          ...(changes.length === 0 ? {} : { changes }),
        }),
      ),
    )
    return { report: collected, isDone: true, files: summaryOf(run, collector, collected) }
  } catch (error) {
    report(error, 'artifacts')
    return { report: null, isDone: false }
  } finally {
    for (const off of unlisten) off()
  }
}

/** Its failure costs the note in the row, and nothing else. */
function summaryOf<Report>(
  { setup }: TurnRun,
  collector: ArtifactCollector<Report>,
  report: Report,
): unknown {
  try {
    const files = collector.summarize?.(report)
    JSON.stringify(files)
    return files
  } catch (error) {
    setup.report(error, 'artifacts')
    return undefined
  }
}

function changedFiles({ reply }: TurnRun): string[] {
  const view = reply?.view()
  const parts = [view, ...(view?.children ?? [])].flatMap((each) => each?.parts ?? [])
  return [...new Set(parts.flatMap((part) => (part.kind === 'patch' ? part.files : [])))]
}
