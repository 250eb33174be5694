import { ok, unexpected, type Call } from '../http/outcome.js'
import { toRoutes, type Route } from '../http/router.js'
import {
  asRecord,
  type Json,
  type MessageInfo,
  type Part,
  type SessionInfo,
  type SessionRecord,
} from '../state/records.js'
import { countStep } from '../state/remove-messages.js'
import type { World } from '../state/world.js'

/** The ids of the events by which a session was told of, and where the server stood then. */
interface Log {
  readonly ids: string[]
  sequence: number
}

const logs = new WeakMap<SessionRecord, Log>()

interface SyncEvent {
  readonly id: string
  readonly aggregateID: string
  readonly seq: number
  readonly type: string
  readonly data: Json
}

function toEvent(call: Call, value: unknown): SyncEvent {
  const event = asRecord(value)
  const data = asRecord(event?.['data'])
  const isWhole =
    data !== null &&
    ['id', 'aggregateID', 'type'].every((name) => typeof event?.[name] === 'string') &&
    Number.isInteger(event?.['seq'])
  if (!isWhole) throw unexpected(call.world)
  return event as unknown as SyncEvent
}

/** Takes a session from its log. What is there under the same id is done; every other event must be the next one. */
function replay(call: Call): string {
  const { world } = call
  const events = (call.body['events'] as unknown[]).map((event) => toEvent(call, event))
  const sessionId = events[0]?.aggregateID ?? ''
  if (events.some(({ aggregateID }) => aggregateID !== sessionId)) throw unexpected(world)
  for (const event of events) {
    const session = world.sessions.get(sessionId)
    const log = session && logs.get(session)
    if (log?.ids[event.seq] === event.id) continue
    const newest = Math.max(
      0,
      ...[...(session?.messages.values() ?? [])].map((each) => each.storedAt),
    )
    const hasOwnEvents = log !== undefined && newest > log.sequence
    if (event.seq !== (log?.ids.length ?? 0) || hasOwnEvents) throw unexpected(world)
    // A session that began here has a log of its own.
    if (session !== undefined && log === undefined) throw unexpected(world)
    take(world, event)
    const taken = world.sessions.get(sessionId)
    if (taken === undefined) throw unexpected(world)
    logs.set(taken, { ids: [...(log?.ids ?? []), event.id], sequence: world.sequence })
  }
  return sessionId
}

/** Nobody is told: the server sends no events for what it is told of. */
function take(world: World, { aggregateID, type, data }: SyncEvent): void {
  const session = world.sessions.get(aggregateID)
  if (type === 'session.created.1') {
    const info = data['info'] as SessionInfo
    world.sessions.set(aggregateID, {
      info,
      messages: new Map(),
      todos: [],
      runRules: null,
      run: null,
      before: new Map(),
    })
    return
  }
  if (session === undefined) throw unexpected(world)
  switch (type) {
    case 'session.updated.1':
      session.info = data['info'] as SessionInfo
      return
    case 'message.updated.1': {
      const info = data['info'] as MessageInfo
      const known = session.messages.get(info.id)
      world.sequence += 1
      if (known) known.info = info
      else session.messages.set(info.id, { info, parts: new Map(), storedAt: world.sequence })
      return
    }
    case 'message.part.updated.1': {
      const part = data['part'] as Part
      session.messages.get(part.messageID)?.parts.set(part.id, part)
      // The server adds up what steps cost, whoever ran them.
      countStep(session, part, 1)
      return
    }
    default:
      throw unexpected(world)
  }
}

/** Endpoints by which servers tell each other of sessions. */
export const syncRoutes: readonly Route[] = toRoutes({
  // There are no workspaces whose sessions could be fetched.
  'POST /sync/start': () => ok(true),
  'POST /sync/replay': (call) => ok({ sessionID: replay(call) }),
})
