import type { components } from '../generated/openapi.js'

/**
 * What the server tells on its event stream, by its OpenAPI document. Compare `type` to narrow it, and
 * give every `switch` a default: events of types that this version does not know are delivered as they came.
 */
export type ServerEvent = components['schemas']['Event'] | HeartbeatEvent

/** Sent every 10 seconds; the document does not have it. */
export interface HeartbeatEvent {
  id: string
  type: 'server.heartbeat'
  properties: Record<string, unknown>
}

/** The event of one type: `EventOf<'message.part.delta'>`. */
export type EventOf<Type extends ServerEvent['type']> = Extract<ServerEvent, { type: Type }>

/** What `/global/event` tells: an event with the directory that it is about. */
export interface GlobalEvent {
  /** The event's project directory; missing for those of the server itself. */
  directory?: string
  /** The event's project. */
  project?: string
  /** The event; durable ones come a second time with type `sync`. */
  payload: ServerEvent
}

/**
 * Events may be missing here. Compare what you hold with the server's own state (`session.messages`,
 * `session.status`, `permission.list`, `question.list`) before you trust it again.
 */
export interface Gap {
  readonly type: 'gap'
  /**
   * `reconnect`: the connection was lost and is back. `disposed`: the server unloaded the directory.
   * `overflow`: this subscriber was too slow and its queue was dropped. `malformed`: a frame was no event.
   */
  readonly reason: 'reconnect' | 'disposed' | 'overflow' | 'malformed'
}

/** A frame that has the envelope of an event. */
export function isEvent(value: unknown): value is ServerEvent {
  return (
    typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
  )
}

/** The session that an event is about; `null` for events of the server or the directory. */
export function sessionIdOf(event: ServerEvent): string | null {
  const properties: Record<string, unknown> | undefined = event.properties
  if (typeof properties !== 'object' || properties === null) return null
  const { sessionID } = properties
  if (typeof sessionID === 'string') return sessionID
  for (const key of ['info', 'part']) {
    const inner = properties[key]
    if (typeof inner === 'object' && inner !== null && 'sessionID' in inner) {
      if (typeof inner.sessionID === 'string') return inner.sessionID
    }
  }
  return null
}

/** The parent of the session that an event tells about, if it is a sub-agent's. */
export function parentIdOf(event: ServerEvent): string | null {
  if (event.type !== 'session.created' && event.type !== 'session.updated') return null
  const info: { parentID?: unknown } | undefined = event.properties?.info
  return typeof info?.parentID === 'string' ? info.parentID : null
}
