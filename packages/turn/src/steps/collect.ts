import { parseReply } from '@turnstead/reply'
import type { TurnSetup } from '../options.js'
import type { ArtifactCollector, StoredTurn } from '../ports.js'

/** Hands the turn's tools to the collector, after the row is settled, however it ended. Its failure cannot undo the turn. */
export async function collectArtifacts<Report>(
  setup: TurnSetup,
  tools: readonly unknown[],
  artifacts: ArtifactCollector<Report> | undefined,
): Promise<Report | null> {
  if (artifacts === undefined || tools.length === 0) return null
  const { conversationId, turnId } = setup
  try {
    return await artifacts.collect({ conversationId, turnId, tools })
  } catch (error) {
    setup.report(error, 'artifacts')
    return null
  }
}

/**
 * Collects again for a turn that had ended before: its worker may have died between the terminal write and
 * the files. Collectors are idempotent, so this changes nothing where all went well.
 */
export async function collectLeftovers(
  setup: TurnSetup,
  turn: StoredTurn,
  artifacts: ArtifactCollector | undefined,
): Promise<void> {
  if (artifacts === undefined || turn.reply === null) return
  try {
    const { tools } = parseReply(turn.reply).result()
    await collectArtifacts(setup, tools, artifacts)
  } catch (error) {
    setup.report(error, 'artifacts')
  }
}
