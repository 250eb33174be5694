/** When something happened, in milliseconds since the epoch. */
export interface Times {
  now(): number
  /** The server's own time of it, as far as that can be: its clock may be another one. */
  of(serverTime: number | null): number
}

export function createTimes(wall: () => number): Times {
  const startedAt = wall()
  return {
    now: wall,
    of: (serverTime) => {
      const now = wall()
      return serverTime === null ? now : Math.min(now, Math.max(startedAt, serverTime))
    },
  }
}
