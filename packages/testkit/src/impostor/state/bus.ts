import type { WritableJournal } from '../../journal.js'
import { createJournal } from '../../journal.js'
import { realTime } from '../../real-time.js'
import type { Identity } from './identity.js'
import type { Json } from './records.js'

/** An event as Impostor published it. */
export interface PublishedEvent {
  readonly id: string
  readonly type: string
  /** The directory it happened in; null for the whole server. */
  readonly directory: string | null
  readonly properties: Json
}

/** One open event stream. */
export interface Listener {
  /** Its directory, or null for all of them (`/global/event`). */
  readonly directory: string | null
  /** Sends one event. */
  send(type: string, json: string): void
  /** Ends the stream from the server's side. */
  end(): void
}

/** Where events are published. */
export interface Bus {
  /** Sends an event to every stream of its directory and to the global ones. */
  publish(directory: string | null, type: string, properties: Json): void
  /** Adds a stream; the result removes it. */
  listen(listener: Listener): () => void
  /** Open streams. */
  readonly listeners: ReadonlySet<Listener>
  /** Resolves once a stream of a directory is open, after `ms` at the latest, and when `signal` is aborted. */
  heard(directory: string, ms: number, signal: AbortSignal): Promise<void>
  /** Everything that was published, waitable. */
  readonly published: WritableJournal<PublishedEvent>
  /** An event as it is in a frame of this stream. */
  frame(listener: Listener, event: PublishedEvent): string
}

/** Events that are stored, and so sent a second time on `/global/event` as `sync`. */
const durable = new Set([
  'session.created',
  'session.updated',
  'session.deleted',
  'message.updated',
  'message.removed',
  'message.part.updated',
  'message.part.removed',
])

/** Makes a {@link Bus}. */
export function createBus(identity: Identity, projectOf: (directory: string) => string): Bus {
  const listeners = new Set<Listener>()
  const published = createJournal<PublishedEvent>((event) => event.type)
  const sequence = new Map<string, number>()
  const waiting = new Set<() => void>()

  const frame = (listener: Listener, event: PublishedEvent): string => {
    const payload = { id: event.id, type: event.type, properties: event.properties }
    if (listener.directory !== null) return JSON.stringify(payload)
    if (event.directory === null) return JSON.stringify({ payload })
    return JSON.stringify({
      directory: event.directory,
      project: projectOf(event.directory),
      payload,
    })
  }

  const sync = (event: PublishedEvent, directory: string): string => {
    const aggregateID = String(event.properties['sessionID'] ?? '')
    const seq = sequence.get(aggregateID) ?? 0
    sequence.set(aggregateID, seq + 1)
    const { id, type, properties: data } = event
    const syncEvent = { id, type: `${type}.1`, seq, aggregateID, data }
    return JSON.stringify({
      directory,
      project: projectOf(directory),
      payload: { type: 'sync', syncEvent, id },
    })
  }

  return {
    listeners,
    published,
    frame,
    listen(listener) {
      listeners.add(listener)
      for (const look of [...waiting]) look()
      return () => listeners.delete(listener)
    },
    heard(directory, ms, signal) {
      const isHeard = (): boolean =>
        [...listeners].some((each) => each.directory === null || each.directory === directory)
      if (ms <= 0 || signal.aborted || isHeard()) return Promise.resolve()
      return new Promise((resolve) => {
        const done = (): void => {
          waiting.delete(look)
          signal.removeEventListener('abort', done)
          realTime.clearTimeout(timer)
          resolve()
        }
        const look = (): void => {
          if (isHeard()) done()
        }
        const timer = realTime.setTimeout(done, ms)
        waiting.add(look)
        signal.addEventListener('abort', done, { once: true })
      })
    },
    publish(directory, type, properties) {
      // What is published is a picture of that moment; records change afterwards.
      const event: PublishedEvent = {
        id: identity.eventId(type),
        type,
        directory,
        properties: structuredClone(properties),
      }
      published.push(event)
      const syncJson = durable.has(type) && directory !== null ? sync(event, directory) : null
      for (const listener of listeners) {
        if (listener.directory !== null && directory !== null && listener.directory !== directory)
          continue
        listener.send(type, frame(listener, event))
        if (listener.directory === null && syncJson !== null) listener.send('sync', syncJson)
      }
    },
  }
}
