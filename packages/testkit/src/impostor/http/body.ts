import { unexpected, type Call } from './outcome.js'

/** The session of a route; 500 for an id that is none. */
export function sessionIdOf(call: Call): string {
  const id = call.params['sessionID'] ?? ''
  if (!id.startsWith('ses')) throw unexpected(call.world)
  return id
}

/** A text of the body; null where there is none. */
export function textOf(call: Call, name: string): string | null {
  const value = call.body[name]
  return typeof value === 'string' ? value : null
}
