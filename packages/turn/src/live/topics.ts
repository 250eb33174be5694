import type { RowId } from '../ports.js'

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/** Notices of the rows: a cancel, an answer, a snapshot, an end. The store writes them; a UUID has one topic in either case. */
export function noticeTopic(turnId: RowId): string {
  const key = String(turnId)
  return `turn:${uuid.test(key) ? key.toLowerCase() : key}`
}

/** What the worker of a running turn shows. */
export function liveTopic(turnId: RowId): string {
  return `${noticeTopic(turnId)}:live`
}

/** That someone watches a turn: as long as no one says so, its worker shows nothing. */
export function watchTopic(turnId: RowId): string {
  return `${noticeTopic(turnId)}:watch`
}

/** How often those who watch say so. */
export const watchEveryMs = 10_000
/** How long a worker goes on after it heard so last. */
export const watchedForMs = 25_000
