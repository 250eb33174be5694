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
  /** As they are now: whoever comes or leaves meanwhile is not in it, or still is. */
  readonly followersOf: (sessionId: string) => readonly Follower[]
  readonly followersOfAll: () => Iterable<Follower>
}

interface Route {
  readonly includeChildren: boolean
  readonly isChild: boolean
}

interface Followed<Follower> {
  readonly routes: Map<Follower, Route>
  /** Its keys, made again with each change: each event asks for them. */
  followers: readonly Follower[]
}

/** The routes of one stream; its size is that of the subscribers and their sub-agents. */
export function createRoutes<Follower>(): Routes<Follower> {
  const all = new Set<Follower>()
  const bySession = new Map<string, Followed<Follower>>()
  const keys = new Map<number, number>()
  const sessionsOf = new Map<Follower, Set<string>>()
  // Events come in runs of one session, and comparing two ids is cheaper than looking one up.
  let lastId: string | null = null
  let last: Followed<Follower> | undefined

  const countKey = (sessionId: string, change: number): void => {
    const key = tailKeyOf(sessionId)
    const count = (keys.get(key) ?? 0) + change
    if (count === 0) keys.delete(key)
    else keys.set(key, count)
  }
  const none: readonly Follower[] = []
  const add = (follower: Follower, sessionId: string, route: Route): void => {
    // It gets every event already, and must not get these twice.
    if (all.has(follower)) return
    const followed = bySession.get(sessionId) ?? {
      routes: new Map<Follower, Route>(),
      followers: none,
    }
    const { routes } = followed
    if (routes.has(follower)) return
    if (routes.size === 0) countKey(sessionId, 1)
    followed.followers = [...routes.set(follower, route).keys()]
    bySession.set(sessionId, followed)
    lastId = null
    sessionsOf.set(follower, (sessionsOf.get(follower) ?? new Set()).add(sessionId))
  }
  const remove = (follower: Follower, sessionId: string): void => {
    const followed = bySession.get(sessionId)
    if (followed?.routes.delete(follower) === true) {
      followed.followers = [...followed.routes.keys()]
      if (followed.routes.size === 0) {
        bySession.delete(sessionId)
        countKey(sessionId, -1)
      }
    }
    sessionsOf.get(follower)?.delete(sessionId)
  }

  return {
    followAll: (follower) => void all.add(follower),
    follow: (follower, sessionId, includeChildren) =>
      add(follower, sessionId, { includeChildren, isChild: false }),
    adopt: (sessionId, parentId) => {
      for (const [follower, { includeChildren }] of bySession.get(parentId)?.routes ?? []) {
        if (includeChildren) add(follower, sessionId, { includeChildren, isChild: true })
      }
    },
    forgetChild: (sessionId) => {
      for (const [follower, { isChild }] of bySession.get(sessionId)?.routes ?? []) {
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
        last = bySession.get(sessionId)
        lastId = sessionId
      }
      return last?.followers ?? none
    },
    followersOfAll: () => all,
  }
}
