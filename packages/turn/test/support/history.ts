import { createHistoryStore, historyMigration } from '@turnstead/session/history'
import { setTimeout } from 'node:timers/promises'
import type { Clock, HistoryStore } from '../../src/index.js'
import type { Rig } from './rig.js'

const speed = 6
const since = Date.now()

/** A turn asks several times, over two seconds, before it believes that a session is gone. */
export const quickly: Clock = {
  now: () => since + (Date.now() - since) * speed,
  sleep: (ms, { signal } = {}) => setTimeout(ms / speed, undefined, { ...(signal && { signal }) }),
}

/** For servers that tell the time alike. */
export const realTime: Clock = {
  now: () => Date.now(),
  sleep: (ms, { signal } = {}) => setTimeout(ms, undefined, { ...(signal && { signal }) }),
}

/** The kept conversations of a rig, in its database. */
export async function openHistory(rig: Rig): Promise<HistoryStore> {
  const { knex } = rig.rows.database
  await historyMigration().up(knex)
  return createHistoryStore({ knex })
}
