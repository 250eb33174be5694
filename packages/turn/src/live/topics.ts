import type { RowId } from '../ports.js'

/** Notices of the rows: a cancel, an answer, a snapshot, an end. The store writes them. */
export function noticeTopic(turnId: RowId): string {
  return `turn:${turnId}`
}

/** What the worker of a running turn shows. */
export function liveTopic(turnId: RowId): string {
  return `turn:${turnId}:live`
}

/** That someone watches a turn: as long as no one says so, its worker shows nothing. */
export function watchTopic(turnId: RowId): string {
  return `turn:${turnId}:watch`
}

/** How often those who watch say so. */
export const watchEveryMs = 10_000
/** How long a worker goes on after it heard so last. */
export const watchedForMs = 25_000
