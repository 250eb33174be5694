import { processDied } from '../state/process-died.js'
import type { Json, SessionRecord } from '../state/records.js'
import { setStatus, tellError, type World } from '../state/world.js'
import { MessageFailure, abortedError } from './provider-failure.js'

/** Ends the turn of a message that was aborted or has failed. */
export function endBadly(
  world: World,
  session: SessionRecord,
  error: unknown,
  signal: AbortSignal,
  complete: (more?: Json) => void,
): void {
  if (signal.aborted && signal.reason === processDied) return
  if (signal.aborted) {
    const isRetrying = world.statuses.get(session.info.id)?.status['type'] === 'retry'
    complete(isRetrying ? {} : { error: abortedError })
    setStatus(world, session, { type: 'idle' })
    return
  }
  if (!(error instanceof MessageFailure)) throw error
  tellError(world, session, error.shown)
  setStatus(world, session, { type: 'idle' })
  error.beforeCompletion()
  if (world.sessions.has(session.info.id)) complete({ error: error.shown })
  setStatus(world, session, { type: 'idle' })
  if (!world.sessions.has(session.info.id)) tellError(world, session, error.shown)
}
