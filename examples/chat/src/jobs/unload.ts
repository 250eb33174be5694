import type { ChatRows } from '../rows/rows.js'

export interface UnloadOptions {
  readonly rows: Pick<ChatRows, 'store' | 'firstOpenTurn'>
  /** Has the server forget that it has a folder open. */
  readonly unload: (directory: string) => Promise<void>
  readonly owner: string
  readonly leaseMs: number
  readonly onError: (error: unknown, where: string) => void
  /** So long after the last turn of a conversation. Default: 120,000 ms. */
  readonly idleMs?: number
}

/** Has the server let go of the folders in which nothing goes on: each takes about 40 MB of its memory. */
export interface Unloading {
  /** A turn of this conversation is over. */
  ended(conversationId: number, directory: string): void
  close(): void
}

export function createUnloading(options: UnloadOptions): Unloading {
  const { rows, unload, owner, leaseMs, onError, idleMs = 120_000 } = options
  const { store } = rows
  const timers = new Map<number, NodeJS.Timeout>()

  async function unloadIdle(conversationId: number, directory: string): Promise<void> {
    if ((await rows.firstOpenTurn(conversationId)) !== null) return
    // Unloading ends what runs there: as long as the conversation is held, nothing begins.
    const claim = await store.claimConversation({ conversationId, owner, leaseMs })
    if (!claim.claimed) return
    try {
      if (claim.leftovers.length === 0) await unload(directory)
    } finally {
      await store.release(claim.lease)
    }
  }

  return {
    ended(conversationId, directory) {
      clearTimeout(timers.get(conversationId))
      const timer = setTimeout(() => {
        timers.delete(conversationId)
        unloadIdle(conversationId, directory).catch((error: unknown) =>
          onError(error, `conversation ${conversationId}, unload`),
        )
      }, idleMs)
      timer.unref()
      timers.set(conversationId, timer)
    },
    close() {
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
    },
  }
}
