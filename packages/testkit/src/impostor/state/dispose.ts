import { abortSession } from './abort.js'
import type { World } from './world.js'

/** Frees every directory that somebody has used. */
export async function disposeAll(world: World): Promise<void> {
  const used = [...world.sessions.values()].map(({ info }) => info.directory)
  const heard = [...world.bus.listeners].flatMap(({ directory }) => directory ?? [])
  for (const directory of new Set([...used, ...heard])) await disposeDirectory(world, directory)
  world.bus.publish('global', 'global.disposed', {})
}

/** Frees a directory: its turns are aborted, its streams end, what was approved and asked is forgotten. */
export async function disposeDirectory(world: World, directory: string): Promise<void> {
  for (const session of world.sessions.values()) {
    if (session.info.directory === directory && session.run)
      await abortSession(world, session, directory)
  }
  for (const pending of [world.asks.permissions, world.asks.questions]) {
    for (const [id, each] of pending) if (each.directory === directory) pending.delete(id)
  }
  world.asks.approved.delete(directory)
  world.bus.publish(directory, 'server.instance.disposed', { directory })
  for (const listener of [...world.bus.listeners])
    if (listener.directory === directory) listener.end()
}
