import type { Reply } from '@turnstead/reply'
import type { RowId } from '../ports.js'

/** A reply that a worker of this process writes. */
export interface RunningReply {
  readonly reply: Reply
  readonly fence: number
}

type Listener = (running: RunningReply | null) => void

interface Place {
  running: RunningReply | null
  readonly listeners: Set<Listener>
}

/** By store, since the ids of turns are those of its rows. */
const places = new WeakMap<object, Map<string, Place>>()

/** Says that a worker of this process writes this reply; the result says that it does not any more. */
export function showRunning(store: object, turnId: RowId, running: RunningReply): () => void {
  const place = placeOf(store, turnId)
  place.running = running
  tell(place)
  return () => {
    if (place.running !== running) return
    place.running = null
    tell(place)
    tidy(store, turnId, place)
  }
}

/** The reply that is written in this process, now and from now on; null while there is none. */
export function watchRunning(store: object, turnId: RowId, listener: Listener): () => void {
  const place = placeOf(store, turnId)
  place.listeners.add(listener)
  listener(place.running)
  return () => {
    place.listeners.delete(listener)
    tidy(store, turnId, place)
  }
}

function placeOf(store: object, turnId: RowId): Place {
  const turns = places.get(store) ?? new Map<string, Place>()
  places.set(store, turns)
  const place = turns.get(String(turnId)) ?? { running: null, listeners: new Set() }
  turns.set(String(turnId), place)
  return place
}

function tidy(store: object, turnId: RowId, place: Place): void {
  if (place.running === null && place.listeners.size === 0) {
    places.get(store)?.delete(String(turnId))
  }
}

function tell({ running, listeners }: Place): void {
  for (const listener of [...listeners]) listener(running)
}
