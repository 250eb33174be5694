import { type InboxFigures, interleave } from './inbox/interleavings.js'
import { killWorkers } from './inbox/kills.js'
import type { Lab } from './lab.js'

const figures: InboxFigures = { interleavings: 0 }

/**
 * Messages that come while a turn runs, in any order with withdrawals, cancels and prompts of others, and by workers that are killed at
 * every call: none is lost, none is asked twice, and each row has what answered it.
 */
export async function runInbox(lab: Lab, seed: number): Promise<void> {
  await killWorkers(lab)
  await interleave(lab, seed, figures)
}

/** What all databases together have tried. */
export function printInbox(): void {
  const { interleavings: value } = figures
  const name = 'turn.inbox.interleavings'
  process.stdout.write(`${JSON.stringify({ name, value, unit: 'count', better: 'higher' })}\n`)
}
