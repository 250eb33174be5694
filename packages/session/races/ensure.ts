import type { SessionResult } from '../src/index.js'
import type { Worker } from './crew.js'
import type { Tally } from './figures.js'
import type { Stage } from './stage.js'

const calls = 200

/** Many calls for one conversation's session, from all workers at once: how many sessions were created for it. */
export async function raceForSession(
  stage: Stage,
  crew: readonly Worker[],
  tally: Tally,
): Promise<void> {
  const { conversationId } = await stage.add()
  const before = stage.server.created
  const times = Math.ceil(calls / crew.length)
  const results = (
    await Promise.all(
      crew.map((worker) => worker.run({ verb: 'ensureSession', conversationId, times })),
    )
  ).flat() as SessionResult[]
  tally.tried('ensure_created', stage.server.created - before)
  const ids = new Set(results.map(({ sessionId }) => sessionId))
  const creators = results.filter(({ created }) => created).length
  if (ids.size !== 1 || creators !== 1) {
    tally.wrong('orphans_after_sweep', `${ids.size} sessions, ${creators} creators of one`)
  }
}
