import { tailKeyOf } from './tail-key.js'

/** Who follows which session. */
export interface Routes<Follower> {
  readonly followAll: (follower: Follower) => void
  readonly follow: (follower: Follower, sessionId: string, includeChildren: boolean) => void
  /** A session has turned out to be a sub-agent's: whoever follows the parent with its children follows it too. */
  readonly adopt: (sessionId: string, parentId: string) => void
  /** A sub-agent's session is gone. */
  readonly forgetChild: (sessionId: string) => void
  readonly leave: (follower: Follower) => void
  /** By `tailKeyOf`: false is certain, true is not. */
  readonly mayBeFollowed: (sessionKey: number) => boolean
  readonly hasFollowersOfAll: () => boolean
  readonly followersOf: (sessionId: string) => Iterable<Follower>
  readonly followersOfAll: () => Iterable<Follower>
}

interface Route {
  readonly includeChildren: boolean
  readonly isChild: boolean
}

/** The routes of one stream; its size is that of the subscribers and their sub-agents. */
export function createRoutes<Follower>(): Routes<Follower> {
  const all = new Set<Follower>()
  const bySession = new Map<string, Map<Follower, Route>>()
  const keys = new Map<number, number>()
  const sessionsOf = new Map<Follower, Set<string>>()
  // Events come in runs of one session, and comparing two ids is cheaper than looking one up.
  let lastId: string | null = null
  let lastFollowers: ReadonlyMap<Follower, Route> | undefined

  const countKey = (sessionId: string, change: number): void => {
    const key = tailKeyOf(sessionId)
    const count = (keys.get(key) ?? 0) + change
    if (count === 0) keys.delete(key)
    else keys.set(key, count)
  }
  const add = (follower: Follower, sessionId: string, route: Route): void => {
    // It gets every event already, and must not get these twice.
    if (all.has(follower)) return
    const followers = bySession.get(sessionId) ?? new Map<Follower, Route>()
    if (followers.has(follower)) return
    if (followers.size === 0) countKey(sessionId, 1)
    bySession.set(sessionId, followers.set(follower, route))
    lastId = null
    sessionsOf.set(follower, (sessionsOf.get(follower) ?? new Set()).add(sessionId))
  }
  const remove = (follower: Follower, sessionId: string): void => {
    const followers = bySession.get(sessionId)
    if (followers?.delete(follower) === true && followers.size === 0) {
      bySession.delete(sessionId)
      countKey(sessionId, -1)
    }
    sessionsOf.get(follower)?.delete(sessionId)
  }
  const none: readonly Follower[] = []

  return {
    followAll: (follower) => void all.add(follower),
    follow: (follower, sessionId, includeChildren) =>
      add(follower, sessionId, { includeChildren, isChild: false }),
    adopt: (sessionId, parentId) => {
      for (const [follower, { includeChildren }] of bySession.get(parentId) ?? []) {
        if (includeChildren) add(follower, sessionId, { includeChildren, isChild: true })
      }
    },
    forgetChild: (sessionId) => {
      for (const [follower, { isChild }] of bySession.get(sessionId) ?? []) {
        if (isChild) remove(follower, sessionId)
      }
    },
    leave: (follower) => {
      all.delete(follower)
      for (const sessionId of sessionsOf.get(follower) ?? []) remove(follower, sessionId)
      sessionsOf.delete(follower)
    },
    mayBeFollowed: (sessionKey) => keys.has(sessionKey),
    hasFollowersOfAll: () => all.size > 0,
    followersOf: (sessionId) => {
      if (sessionId !== lastId) {
        lastFollowers = bySession.get(sessionId)
        lastId = sessionId
      }
      return lastFollowers?.keys() ?? none
    },
    followersOfAll: () => all,
  }
}
