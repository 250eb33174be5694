/**
 * When the reply is written into the row while it grows. Each snapshot is the whole reply, so that snapshots at a fixed
 * interval would write the square of a long turn: instead each is paid for by what there is to write. Pure but for the
 * given times; a size is anything that grows with the bytes of a snapshot.
 */
export interface SnapshotSchedule {
  /** Whether a snapshot of this size may be written now. */
  mayWrite(size: number, now: number): boolean
  /** A snapshot of this size is on its way, whether it arrives or not. */
  writing(size: number, now: number): void
  /** When the next one may be written at the earliest. */
  nextAt(): number
}

/**
 * All snapshots of a turn together are at most so many times as large as its last one. Every one that is written when
 * it may be keeps to it; with the end, and the end again, a turn writes at most ten times what it comes to.
 */
const mostOverSize = 7

/**
 * @param leastMs - At most one snapshot in this time.
 * @param foundSize - Size of what an earlier worker left. How much it had written is not known; it is taken for all that it might.
 */
export function createSnapshotSchedule(
  leastMs: number,
  foundSize: number,
  startedAt: number,
): SnapshotSchedule {
  let written = foundSize * (mostOverSize - 1)
  let writtenAt = startedAt
  return {
    mayWrite: (size, now) => now >= writtenAt + leastMs && written + size <= mostOverSize * size,
    writing(size, now) {
      written += size
      writtenAt = now
    },
    nextAt: () => writtenAt + leastMs,
  }
}
