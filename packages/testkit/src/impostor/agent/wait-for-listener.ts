import type { SessionRecord } from '../state/records.js'
import type { World } from '../state/world.js'

/** Holds a turn until somebody listens, for a while; a sub-agent's turn is part of one that has waited already. */
export function waitForListener(
  world: World,
  session: SessionRecord,
  signal: AbortSignal,
): Promise<void> {
  const parent = world.sessions.get(session.info.parentID ?? '')
  const ms = parent?.run ? 0 : world.settings.listenerWaitMs
  return world.bus.heard(session.info.directory, ms, signal)
}
