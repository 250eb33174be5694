import type { SessionUpstream } from '../session-upstream.js'

/** @internal An upstream in memory that knows which sessions exist. */
export interface FakeUpstream extends Required<SessionUpstream> {
  /** Session id to the key of its creation. */
  readonly sessions: Map<string, string>
  /** Titles of all creations. */
  readonly titles: (string | null)[]
  readonly aborted: string[]
  /** Runs inside `create`: before the session exists, and after. */
  readonly hooks: { before?: () => Promise<void>; after?: () => Promise<void> }
}

let count = 0

/** @internal */
export function createFakeUpstream(): FakeUpstream {
  const sessions = new Map<string, string>()
  const titles: (string | null)[] = []
  const aborted: string[] = []
  const hooks: FakeUpstream['hooks'] = {}
  return {
    sessions,
    titles,
    aborted,
    hooks,
    create: async ({ key, title }) => {
      await hooks.before?.()
      count += 1
      const id = `ses_${process.pid}_${count}`
      sessions.set(id, key)
      titles.push(title)
      await hooks.after?.()
      return { id }
    },
    delete: async (sessionId) => {
      sessions.delete(sessionId)
    },
    abort: async (sessionId) => {
      aborted.push(sessionId)
    },
    find: async (key) => {
      for (const [id, known] of sessions) if (known === key) return { id }
      return null
    },
  }
}

/** @internal A gate that a hook waits at, and that says when it was reached. */
export function createGate(): {
  reached: Promise<void>
  open: () => void
  pass: () => Promise<void>
} {
  let arrive = (): void => undefined
  let open = (): void => undefined
  const reached = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return {
    reached,
    open,
    pass: async () => {
      arrive()
      await opened
    },
  }
}
