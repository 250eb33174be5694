import { type Skipped, skipped } from '../result.js'
import type { NamedServer, TurnSetup } from '../options.js'
import type { ConversationLease } from '../ports.js'
import type { ServerLoad, ServerRows } from '../ports/servers.js'
import { withRetry } from '../run/retry.js'
import { chooseServer } from './choose-server.js'

/** A claimed conversation. */
export interface Placing {
  readonly lease: ConversationLease
  /** The server on which it is. */
  readonly home: string | null
  readonly isUnderWay: boolean
}

/** So often a server may stop taking conversations while one is on its way to it. */
const maxTries = 10

/**
 * Chooses the server of a claimed conversation and gives the turn its client. The row says it before the server is asked whether
 * it takes more: `drainServer` marks first and counts then, so that one of both sees the other.
 */
export async function placeTurn(
  setup: TurnSetup,
  { lease, home, isUnderWay }: Placing,
): Promise<TurnSetup | Skipped> {
  const { servers, store, turnId } = setup
  if (servers === null) return setup
  const rows = store as typeof store & ServerRows
  const ask = <Value>(attempt: () => Promise<Value>): Promise<Value> =>
    withRetry(setup, { step: 'claim', signal: setup.signal, attempt })
  let place = home
  for (let tries = 1; tries <= maxTries; tries += 1) {
    const marks = await ask(() => rows.markedServers())
    const states = new Map(marks.map(({ name, state }) => [name, state]))
    const chooseWith = (loads: readonly ServerLoad[]): string | null =>
      chooseServer({
        conversationId: String(setup.conversationId),
        home: place,
        names: servers.map(({ name }) => name),
        states,
        loads,
        isUnderWay,
        mayMove: mayMove(setup),
        onElsewhere: setup.recovery.onElsewhere,
      })
    if (place !== null && chooseWith([]) === place) return at(setup, servers, place)
    const chosen = chooseWith(await ask(() => rows.serverLoads()))
    if (chosen === null) return { ...skipped(turnId, 'elsewhere'), server: place }
    const isNoted = await ask(() => rows.placeConversation(lease, { server: chosen }))
    if (!isNoted) return skipped(turnId, 'lease_lost')
    place = chosen
  }
  return at(setup, servers, place ?? '')
}

function at(setup: TurnSetup, servers: readonly NamedServer[], name: string): TurnSetup {
  const server = servers.find((each) => each.name === name)
  return server === undefined ? setup : { ...setup, client: server.client, serverName: name }
}

/** Without a history another server knows nothing of the conversation. */
function mayMove({ history, recovery: { onSessionLost } }: TurnSetup): boolean {
  if (onSessionLost === 'fail') return false
  return onSessionLost !== 'restore' || history !== null
}
