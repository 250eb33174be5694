import type { ArtifactCollector } from './ports.js'
import type { TurnRun } from './run.js'
import type { Ending } from './settle.js'

/** Hands the turn's tools to the collector, after the row is settled. Its failure cannot undo the turn. */
export async function collectArtifacts<Report>(
  run: TurnRun,
  ending: Ending,
  artifacts: ArtifactCollector<Report> | undefined,
): Promise<Report | null> {
  const { conversationId, messageId, report } = run.setup
  const { tools } = run.reply.result()
  if (artifacts === undefined || tools.length === 0 || ending.status === 'failed') return null
  try {
    return await artifacts.collect({ conversationId, messageId, tools })
  } catch (error) {
    report(error, 'artifacts')
    return null
  }
}
