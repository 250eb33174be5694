import { asRecord, type Json, type MessageRecord, type SessionRecord } from './records.js'
import type { World } from './world.js'

/** Removes a message and tells of it; what it cost is no longer part of what the session cost. */
export function removeMessage(world: World, session: SessionRecord, messageID: string): void {
  const message = session.messages.get(messageID)
  session.messages.delete(messageID)
  if (message) for (const part of message.parts.values()) takeOff(session, part)
  const { directory, id: sessionID } = session.info
  world.bus.publish(directory, 'message.removed', { sessionID, messageID })
}

/** Removes one part and tells of it. */
export function removePart(
  world: World,
  session: SessionRecord,
  message: MessageRecord | undefined,
  place: { readonly messageID: string; readonly partID: string },
): void {
  const part = message?.parts.get(place.partID)
  if (part) takeOff(session, part)
  message?.parts.delete(place.partID)
  const { directory, id: sessionID } = session.info
  world.bus.publish(directory, 'message.part.removed', { sessionID, ...place })
}

/** Counts a step's cost and tokens: `sign` 1 adds them, -1 takes them off. */
export function countStep(session: SessionRecord, part: Json, sign: 1 | -1): void {
  if (part['type'] !== 'step-finish') return
  const { tokens } = session.info
  const step = asRecord(part['tokens']) ?? {}
  const cache = asRecord(step['cache']) ?? {}
  const of = (held: Json, name: string): number => sign * Number(held[name] ?? 0)
  session.info = {
    ...session.info,
    cost: session.info.cost + of(part, 'cost'),
    tokens: {
      input: tokens.input + of(step, 'input'),
      output: tokens.output + of(step, 'output'),
      reasoning: tokens.reasoning + of(step, 'reasoning'),
      cache: {
        read: tokens.cache.read + of(cache, 'read'),
        write: tokens.cache.write + of(cache, 'write'),
      },
    },
  }
}

function takeOff(session: SessionRecord, part: Json): void {
  countStep(session, part, -1)
}
