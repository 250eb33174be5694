import type { ServerLoad, ServerState } from '../ports/servers.js'

/** What is known when a server is chosen for a turn. */
export interface ServerFacts {
  readonly conversationId: string
  /** The server on which the conversation is; null for a new one. */
  readonly home: string | null
  /** The servers that this process reaches. */
  readonly names: readonly string[]
  /** What was said of servers. */
  readonly states: ReadonlyMap<string, ServerState>
  readonly loads: readonly ServerLoad[]
  /** The server may be at work for the conversation, or has to be told that it is to stop. */
  readonly isUnderWay: boolean
  /** Another server can be told what was said before, or the host wants it to begin anew. */
  readonly mayMove: boolean
  /** What happens to a conversation on a server that this process does not reach. */
  readonly onElsewhere: 'leave' | 'move'
}

/** The server on which a turn runs; null when this process reaches none that may run it. */
export function chooseServer(facts: ServerFacts): string | null {
  const { home, isUnderWay, mayMove, names, onElsewhere, states } = facts
  if (home === null) return leastBusy(facts)
  const state = states.get(home) ?? 'active'
  // What ran there is lost, and is treated as that.
  if (state === 'retired') return leastBusy(facts)
  if (!names.includes(home)) {
    return !isUnderWay && mayMove && onElsewhere === 'move' ? leastBusy(facts) : null
  }
  if (state === 'active' || isUnderWay) return home
  // Whoever drained it may stop it: nothing begins there before it is given back.
  return mayMove ? leastBusy(facts) : null
}

/** Of equals each conversation takes another one: many that begin at once see the same numbers. */
function leastBusy({ conversationId, names, states, loads }: ServerFacts): string | null {
  const active = names.filter((name) => (states.get(name) ?? 'active') === 'active')
  const busyOf = (name: string): number => loads.find((load) => load.name === name)?.busy ?? 0
  const least = Math.min(...active.map(busyOf))
  const equals = active.filter((name) => busyOf(name) === least)
  return equals[hash(conversationId) % equals.length] ?? null
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x81_1c_9d_c5
  for (const char of text) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01_00_01_93)
  return value >>> 0
}
