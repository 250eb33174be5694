/** Which session a sub-agent works for, as the calls have said. */
export interface SessionRoots {
  /** Notes what a call says of itself, and gives the session of its conversation. */
  rootOf(sessionId: string | null, parentId: string | null): string | null
}

/** The oldest are forgotten: a sub-agent names its parent with each call. */
const mostKept = 20_000
const deepest = 64

export function createSessionRoots(): SessionRoots {
  const parents = new Map<string, string>()
  return {
    rootOf(sessionId, parentId) {
      if (sessionId === null) return null
      if (parentId !== null && parentId !== sessionId) {
        parents.delete(sessionId)
        parents.set(sessionId, parentId)
        const [oldest] = parents.keys()
        if (parents.size > mostKept && oldest !== undefined) parents.delete(oldest)
      }
      let root = sessionId
      for (let depth = 0; depth < deepest; depth += 1) {
        const parent = parents.get(root)
        if (parent === undefined) return root
        root = parent
      }
      // A circle, which only a forger makes.
      return sessionId
    },
  }
}
