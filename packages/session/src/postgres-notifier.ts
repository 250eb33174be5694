/**
 * A notifier over PostgreSQL's LISTEN and NOTIFY, for hosts whose rows are there anyway.
 *
 *     const notifier = createPostgresNotifier({ connection: process.env.DATABASE_URL })
 *     const store = createSessionStore({ knex, notifier })
 */
import { createHash } from 'node:crypto'
import pg from 'pg'
import { systemClock } from './clock.js'
import type { Clock } from './clock.js'
import { createConnectedNotifier } from './notifying/connected-notifier.js'
import { createEchoes } from './notifying/link.js'
import type { Link, LinkEvents } from './notifying/link.js'
import type { OpenNotifier } from './notifying/port.js'
import type { OnNotifierError } from './notifying/topic-listeners.js'
import { within } from './notifying/within.js'

export type { Notifier, OpenNotifier } from './notifying/port.js'

/** Where PostgreSQL is, as `pg` takes it. */
export interface PostgresConnection {
  readonly connectionString?: string
  readonly host?: string
  readonly port?: number
  readonly database?: string
  readonly user?: string
  readonly password?: string | (() => string | Promise<string>)
  readonly ssl?: unknown
}

/** What {@link createPostgresNotifier} uses. */
export interface PostgresNotifierOptions {
  /**
   * The address of PostgreSQL itself. Where the host's own queries go through a pooler in transaction mode, as PgBouncer,
   * this must be the direct address: a pooler passes no notifications on.
   */
  readonly connection: string | PostgresConnection
  /** Separates hosts that share a database. Default: `turnstead`. */
  readonly prefix?: string
  /** Receives each lost connection and failed attempt; it comes back by itself. Default: they are ignored. */
  readonly onError?: OnNotifierError
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** PostgreSQL takes less than 8,000 bytes; one of ours is the mark. */
const maxPayloadBytes = 7_998
const sendAll =
  'select pg_notify(channel, payload) from unnest($1::text[], $2::text[]) as message (channel, payload)'
const whole = '='
const tooLong = '!'
const endMs = 1_000

/**
 * Opens one connection of its own at the first use, which comes back by itself when it is lost. Throws a `TypeError` when
 * there is no address.
 */
export function createPostgresNotifier(options: PostgresNotifierOptions): OpenNotifier {
  const { connection, prefix = 'turnstead', onError = () => undefined } = options
  const { clock = systemClock } = options
  const config = typeof connection === 'string' ? { connectionString: connection } : connection
  if (typeof config !== 'object' || config === null || connection === '') {
    throw new TypeError('`connection` is missing: give the address of PostgreSQL itself.')
  }
  return createConnectedNotifier({
    connect: (events) => connect({ ...config } as pg.ClientConfig, { prefix, clock }, events),
    clock,
    random: Math.random,
    onError,
    maxPayloadBytes,
  })
}

async function connect(
  config: pg.ClientConfig,
  { prefix, clock }: { readonly prefix: string; readonly clock: Clock },
  events: LinkEvents,
): Promise<Link> {
  const client = new pg.Client({ keepAlive: true, ...config })
  const topics = new Map<string, string>()
  const echoes = createEchoes()
  // Of this connection alone: an echo through another one would prove nothing.
  const own = channelOf(prefix, `echo ${Math.random()} ${process.pid}`)
  client.on('error', (error) => events.lost(error))
  client.on('end', () => events.lost(new Error('The connection of the notifier was closed.')))
  client.on('notification', ({ channel, payload = '' }) => {
    if (channel === own) return echoes.heard(payload)
    const topic = topics.get(channel)
    if (topic === undefined) return
    events.message(topic, payload.startsWith(whole) ? payload.slice(whole.length) : null)
  })
  const close = async (): Promise<void> => {
    await within(clock, { ms: endMs, expired: 'late' }, client.end()).catch(() => undefined)
    // A peer that vanished never answers the goodbye.
    const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } })
      .connection
    stream.destroy()
  }
  let queue: Promise<unknown> = Promise.resolve()
  /** One after the other: the driver takes no second query while one runs. */
  const query = (text: string): Promise<unknown> => {
    const run = (): Promise<unknown> => client.query(text)
    queue = queue.then(run, run)
    return queue
  }
  let gathering: { readonly channels: string[]; readonly payloads: string[] } | null = null
  let gathered: Promise<unknown> = queue
  /**
   * Each statement is a commit of its own, so one takes along all that came while the one before it ran. Of messages that are the
   * same PostgreSQL passes one on.
   */
  const send = (channel: string, payload: string): Promise<unknown> => {
    if (gathering === null) {
      const batch = { channels: [], payloads: [] }
      gathering = batch
      const run = (): Promise<unknown> => {
        gathering = null
        return client.query(sendAll, [batch.channels, batch.payloads])
      }
      gathered = queue.then(run, run)
      queue = gathered
    }
    gathering.channels.push(channel)
    gathering.payloads.push(payload)
    return gathered
  }
  const ping = (): Promise<void> => echoes.expect((nonce) => send(own, nonce))
  try {
    await client.connect()
    await query(`listen "${own}"`)
    const expired =
      'PostgreSQL took LISTEN, but nothing that was sent came back: give the notifier the direct address of the server, not that of a pooler.'
    await within(clock, { ms: 5_000, expired }, ping())
  } catch (error) {
    await close()
    throw error
  }
  return {
    async subscribe(topic) {
      const channel = channelOf(prefix, topic)
      topics.set(channel, topic)
      await query(`listen "${channel}"`)
    },
    async unsubscribe(topic) {
      const channel = channelOf(prefix, topic)
      topics.delete(channel)
      await query(`unlisten "${channel}"`)
    },
    async publish(topic, payload) {
      const fits = Buffer.byteLength(payload) <= maxPayloadBytes && !payload.includes('\0')
      const sent = fits ? `${whole}${payload}` : tooLong
      await send(channelOf(prefix, topic), sent)
    },
    ping,
    close,
  }
}

/** Topics are longer than names may be, and a name of its own for each wakes only those who listen to it. */
function channelOf(prefix: string, topic: string): string {
  const hash = createHash('sha256').update(`${prefix}\0${topic}`).digest('hex')
  return `turnstead_${hash.slice(0, 40)}`
}
