import { realTime } from '../../real-time.js'
import type { SessionRecord } from './records.js'
import { childrenOf } from './sessions.js'
import { setStatus, type World } from './world.js'

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => realTime.setImmediate(resolve))

function isAsking(world: World, { info }: SessionRecord): boolean {
  const pending = [...world.asks.permissions.values(), ...world.asks.questions.values()]
  return pending.some(({ request }) => request['sessionID'] === info.id)
}

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
  // A child that a client prompts itself is nobody's task, and goes on.
  const children = tasksOf(world, session)
  const waiting = children.filter((child) => child.run && isAsking(world, child))
  if (session.run && waiting.length > 0) {
    for (const child of waiting) await abortSession(world, child, directory)
    // The server stops sub-agents first, and one that waits for a person so slowly that its parent goes on meanwhile.
    for (let turn = 0; turn < 50; turn += 1) await turnOfTheLoop()
  }
  const reason = new Error('aborted by POST /abort')
  for (const child of children) child.run?.abort.abort(reason)
  const { run } = session
  if (!run) {
    setStatus(world, session, { type: 'idle' })
    return
  }
  run.abort.abort(reason)
  await run.ended.catch(() => null)
}

function tasksOf(world: World, session: SessionRecord): readonly SessionRecord[] {
  return childrenOf(world, session.info.id).filter(({ info }) => world.jobs.has(info.id))
}

/** Stops what sub-agents do for a session, and lets the session's own run go on. */
export async function abortTasks(world: World, session: SessionRecord): Promise<void> {
  for (const task of tasksOf(world, session)) await abortSession(world, task, task.info.directory)
}
