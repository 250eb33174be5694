import type { SessionRecord } from './records.js'
import { childrenOf } from './sessions.js'
import { setStatus, type World } from './world.js'

/** Stops a session and its children; an idle or unknown one only says idle once more. */
export async function abortSession(
  world: World,
  session: SessionRecord | string,
  directory: string,
): Promise<void> {
  if (typeof session === 'string') {
    world.bus.publish(directory, 'session.status', { sessionID: session, status: { type: 'idle' } })
    world.bus.publish(directory, 'session.idle', { sessionID: session })
    return
  }
  const { run } = session
  if (!run) {
    setStatus(world, session, { type: 'idle' })
    return
  }
  const reason = new Error('aborted by POST /abort')
  for (const child of childrenOf(world, session.info.id)) child.run?.abort.abort(reason)
  run.abort.abort(reason)
  await run.ended.catch(() => null)
}
