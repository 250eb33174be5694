import type { OpenNotifier } from '@turnstead/session'
import { createPostgresNotifier } from '@turnstead/session/postgres-notifier'
import { createRedisNotifier } from '@turnstead/session/redis-notifier'
import type { Setting } from './setting.js'

/** Each engine with the notices of its own kind. */
export function openNotifier({ redisUrl, databaseUrl, queue }: Setting): OpenNotifier {
  return redisUrl === null
    ? createPostgresNotifier({ connection: databaseUrl, prefix: queue })
    : createRedisNotifier({ connection: redisUrl, prefix: `${queue}:` })
}
