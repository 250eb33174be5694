/**
 * A notifier over Redis (or Valkey) and `ioredis`.
 *
 *     const notifier = createRedisNotifier({ connection: process.env.REDIS_URL })
 *     const store = createSessionStore({ knex, notifier })
 */
import { Redis } from 'ioredis'
import type { RedisOptions } from 'ioredis'
import { systemClock } from './clock.js'
import type { Clock } from './clock.js'
import { createConnectedNotifier } from './notifying/connected-notifier.js'
import { createEchoes } from './notifying/link.js'
import type { Link, LinkEvents } from './notifying/link.js'
import type { OpenNotifier } from './notifying/port.js'
import type { OnNotifierError } from './notifying/topic-listeners.js'

export type { Notifier, OpenNotifier } from './notifying/port.js'

/** What {@link createRedisNotifier} uses. */
export interface RedisNotifierOptions {
  /**
   * The address, or a client of the host's. Of a client its options are taken: the notifier has two connections of its own,
   * since one that listens can do nothing else, and never closes the host's.
   */
  readonly connection: string | Redis
  /** Put before each topic; separates hosts that share a Redis. Default: `turnstead:`. */
  readonly prefix?: string
  /** Receives each lost connection and failed attempt; it comes back by itself. Default: they are ignored. */
  readonly onError?: OnNotifierError
  /** Default: the machine's. */
  readonly clock?: Clock
}

/**
 * Opens its connections at the first use; they come back by themselves when they are lost. Throws a `TypeError` when there is
 * no address.
 */
export function createRedisNotifier(options: RedisNotifierOptions): OpenNotifier {
  const { connection, prefix = 'turnstead:', onError = () => undefined } = options
  const { clock = systemClock } = options
  if (connection === '' || connection === undefined || connection === null) {
    throw new TypeError('`connection` is missing: give an address, or an ioredis client.')
  }
  return createConnectedNotifier({
    connect: (events) => connect(connection, prefix, events),
    clock,
    random: Math.random,
    onError,
  })
}

/** Its own comings-back would hide that messages were lost, and what it keeps for later would be late. */
const once: RedisOptions = {
  lazyConnect: true,
  retryStrategy: () => null,
  reconnectOnError: null,
  autoResubscribe: false,
  enableOfflineQueue: false,
  maxRetriesPerRequest: null,
  keyPrefix: '',
}

async function connect(
  connection: string | Redis,
  prefix: string,
  events: LinkEvents,
): Promise<Link> {
  const open = (): Redis =>
    typeof connection === 'string' ? new Redis(connection, once) : connection.duplicate(once)
  const listener = open()
  const sender = open()
  const echoes = createEchoes()
  const own = `${prefix}echo ${Math.random()} ${process.pid}`
  for (const redis of [listener, sender]) {
    redis.on('error', (error: unknown) => events.lost(error))
    redis.on('end', () => events.lost(new Error('A connection of the notifier was closed.')))
  }
  listener.on('message', (channel: string, payload: string) => {
    if (channel === own) echoes.heard(payload)
    else events.message(channel.slice(prefix.length), payload)
  })
  const close = async (): Promise<void> => {
    listener.disconnect()
    sender.disconnect()
  }
  try {
    await Promise.all([listener.connect(), sender.connect()])
    await listener.subscribe(own)
  } catch (error) {
    await close()
    throw error
  }
  return {
    async subscribe(topic) {
      await listener.subscribe(`${prefix}${topic}`)
    },
    async unsubscribe(topic) {
      await listener.unsubscribe(`${prefix}${topic}`)
    },
    async publish(topic, payload) {
      await sender.publish(`${prefix}${topic}`, payload)
    },
    ping: () => echoes.expect((nonce) => sender.publish(own, nonce)),
    close,
  }
}
