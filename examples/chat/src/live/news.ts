import type { Notifier } from '@turnstead/session'

/**
 * That something about a conversation has changed, told to all processes that show it to its user: a turn was begun, asks, or is
 * over; a title, a removal. What has changed is in the rows.
 */
export interface News {
  tell(userId: string, conversationId: number): void
  /** Calls back with the conversation, or with null when news may have been lost. */
  listen(userId: string, onNews: (conversationId: number | null) => void): Listening
}

/** Someone listens. */
export interface Listening {
  /** Resolves when what is told from now on is heard, or when it takes too long to wait for. */
  readonly ready: Promise<void>
  stop(): void
}

const readyMs = 1_000

export function createNews(
  notifier: Notifier,
  onError: (error: unknown, where: string) => void,
): News {
  const report = (error: unknown): void => onError(error, 'news')
  const topicOf = (userId: string): string => `chat:user:${userId}`
  return {
    tell(userId, conversationId) {
      notifier.notify(topicOf(userId), String(conversationId)).catch(report)
    },
    listen(userId, onNews) {
      let isOver = false
      const listening = notifier.listen(topicOf(userId), (payload) => {
        if (isOver) return
        const id = Number(payload)
        onNews(payload === null || !Number.isSafeInteger(id) ? null : id)
      })
      listening.catch(report)
      const patience = new Promise<void>((resolve) => setTimeout(resolve, readyMs).unref())
      return {
        ready: Promise.race([
          patience,
          listening.then(
            () => undefined,
            () => undefined,
          ),
        ]),
        stop() {
          isOver = true
          listening
            .then(
              async (stop) => await stop(),
              () => undefined,
            )
            .catch(report)
        },
      }
    },
  }
}
