import { onAbort } from './listen.js'

/** The ends of those who wait for a session. By the session alone, whose id no other server gives: a host may make a client for each call. */
const sessions = new Map<string, Promise<void>>()

/**
 * Waits until no other call of this process works in the session, and holds it until the result is called. Rejects with the
 * signal's reason. Where there are rows, their leases do this.
 */
export async function enterSession(sessionId: string, signal: AbortSignal): Promise<() => void> {
  const before = sessions.get(sessionId) ?? Promise.resolve()
  let leave: () => void = () => undefined
  const own = new Promise<void>((resolve) => (leave = resolve))
  const end = before.then(() => own)
  sessions.set(sessionId, end)
  void end.then(() => {
    if (sessions.get(sessionId) === end) sessions.delete(sessionId)
  })
  try {
    await aborting(before, signal)
    return leave
  } catch (error) {
    leave()
    throw error
  }
}

function aborting(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const off = onAbort(signal, () => reject(signal.reason))
    void work.then(() => {
      off()
      resolve()
    })
  })
}
