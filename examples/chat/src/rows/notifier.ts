import { createLocalNotifier, type Notifier } from '@turnstead/session'
import { isPostgres, type Settings } from '../settings.js'

/** What carries news between processes; what it loses is in the rows. */
export interface ChatNotifier {
  readonly notifier: Notifier
  close(): Promise<void>
}

/** By Redis where there is one, else by PostgreSQL; rows in a file are one process's alone. */
export async function openNotifier(
  { databaseUrl, redisUrl, queue }: Pick<Settings, 'databaseUrl' | 'redisUrl' | 'queue'>,
  onError: (error: unknown, where: string) => void,
): Promise<ChatNotifier> {
  const report = (error: unknown): void => onError(error, 'notifier')
  if (redisUrl !== null) {
    const { createRedisNotifier } = await import('@turnstead/session/redis-notifier')
    const notifier = createRedisNotifier({
      connection: redisUrl,
      prefix: `${queue}:`,
      onError: report,
    })
    return { notifier, close: () => notifier.close() }
  }
  if (isPostgres(databaseUrl)) {
    const { createPostgresNotifier } = await import('@turnstead/session/postgres-notifier')
    const notifier = createPostgresNotifier({
      connection: databaseUrl,
      prefix: queue,
      onError: report,
    })
    return { notifier, close: () => notifier.close() }
  }
  return { notifier: createLocalNotifier({ onError: report }), close: async () => undefined }
}
