import { parseReply } from '@turnstead/reply'
import type { TurnSetup } from './options.js'
import type { ArtifactCollector, StoredTurn } from './ports.js'

/** The tools whose files are taken: those of an ended turn that did not fail. */
interface EndedTurn {
  readonly status: string
  readonly tools: readonly unknown[]
}

/** Hands the turn's tools to the collector, after the row is settled. Its failure cannot undo the turn. */
export async function collectArtifacts<Report>(
  setup: TurnSetup,
  { status, tools }: EndedTurn,
  artifacts: ArtifactCollector<Report> | undefined,
): Promise<Report | null> {
  if (artifacts === undefined || tools.length === 0 || status === 'failed') return null
  const { conversationId, messageId } = setup
  try {
    return await artifacts.collect({ conversationId, messageId, tools })
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
    await collectArtifacts(setup, { status: turn.status, tools }, artifacts)
  } catch (error) {
    setup.report(error, 'artifacts')
  }
}
