import { type Clock, systemClock } from '../clock.js'
import type { ServerRows } from '../ports/servers.js'

/** Which server is to be emptied. */
export interface DrainOptions {
  readonly store: Pick<ServerRows, 'markServer' | 'serverLoads' | 'knownServers'>
  /** Its name. */
  readonly server: string
  /** How often to look, in milliseconds. Default 500. */
  readonly pollMs?: number
  /** Gives the wait up, which has no end of its own; the server stays marked. */
  readonly signal?: AbortSignal
  /** Default: the clock of the machine. */
  readonly clock?: Clock
}

/**
 * Empties a server, in any process: it takes no more conversations, those that are idle go on elsewhere with their next turn, and
 * this resolves when nothing runs on it any more. Then it may be stopped, also with its data. A turn that waits for a person
 * without a worker holds nothing up, and goes on once the server is back. `store.markServer({ name, state: 'active' })` gives it back,
 * `'retired'` gives it up: such turns then go on elsewhere.
 *
 * @throws the store's error when it cannot be asked, the reason of `signal`, RangeError for a server that no row knows: one that has
 * had no conversation yet is only to be marked.
 *
 * @example
 * await drainServer({ store, server: 'b' })
 * await upgrade('b')
 * await store.markServer({ name: 'b', state: 'active' })
 */
export async function drainServer({
  store,
  server,
  pollMs = 500,
  signal,
  clock = systemClock,
}: DrainOptions): Promise<void> {
  if (!(pollMs > 0)) throw new RangeError('`pollMs` must be a positive number of milliseconds')
  signal?.throwIfAborted()
  const known = await store.knownServers?.()
  if (known !== undefined && !known.includes(server)) {
    const names = known.length === 0 ? 'none is known' : `known are ${known.toSorted().join(', ')}`
    throw new RangeError(
      `No conversation is on a server named ${JSON.stringify(server)}, and nothing was said of one; ${names}. Is it new, say so by \`store.markServer\`.`,
    )
  }
  await store.markServer({ name: server, state: 'draining' })
  for (;;) {
    const loads = await store.serverLoads()
    if (!loads.some(({ name }) => name === server)) return
    signal?.throwIfAborted()
    await clock.sleep(pollMs, signal === undefined ? {} : { signal })
  }
}
