import type { Html } from '@turnstead/reply/turbo'

/**
 * Who watches which conversation, in this process. With several web processes put the database's
 * LISTEN/NOTIFY or Redis behind these two functions.
 */
export interface Feed {
  publish(conversationId: number, changes: readonly Html[]): void
  /** To every open page. */
  publishToAll(changes: readonly Html[]): void
  subscribe(conversationId: number, receive: (changes: readonly Html[]) => void): () => void
}

export function createFeed(): Feed {
  const watchers = new Map<number, Set<(changes: readonly Html[]) => void>>()

  return {
    publish(conversationId, changes) {
      if (changes.length === 0) return
      for (const receive of watchers.get(conversationId) ?? []) receive(changes)
    },
    publishToAll(changes) {
      for (const receivers of watchers.values()) for (const receive of receivers) receive(changes)
    },
    subscribe(conversationId, receive) {
      const receivers = watchers.get(conversationId) ?? new Set()
      watchers.set(conversationId, receivers.add(receive))
      return () => {
        receivers.delete(receive)
        if (receivers.size === 0) watchers.delete(conversationId)
      }
    },
  }
}
