import type { Clock } from '../clock.js'
import { unfakedClock } from '../unfaked-clock.js'
import { TestkitError } from '../errors.js'
import { createFaultPlan, fits, type RequestMatch } from '../faults/fault-plan.js'
import type { Fault } from '../faults/faults.js'
import { createGates, type Gate } from '../gates.js'
import { createJournal, type Journal } from '../journal.js'
import { assertKnown, type Names } from '../known-options.js'
import { formatLeftovers } from '../leftovers.js'
import { listenOnLoopback, type Loopback } from '../loopback.js'
import { defaultReply } from '../script/default-reply.js'
import { createAnswerBook, type ScenarioLike } from '../script/scenario.js'
import { processDied } from './state/process-died.js'
import type { PublishedEvent } from './state/bus.js'
import { createWorld, forgetProcess, type ImpostorWorldOptions } from './state/create-world.js'
import { createShell } from './http-server.js'
import type { LoggedRequest } from './http/request-log.js'
import type { World } from './state/world.js'

/** Options of {@link startImpostor}. */
export interface ImpostorOptions extends ImpostorWorldOptions {
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number
  /**
   * Paces answers, retries and heartbeats. Default: the machine's clock, while the times in records count up by a
   * millisecond each; with a clock of your own the records follow it.
   */
  readonly clock?: Clock
  /** Every request must carry this password; default: no password is asked for. */
  readonly password?: string
  /** Default `opencode`. */
  readonly username?: string
  /** Time between two heartbeats of an event stream, default 10,000. */
  readonly heartbeatMs?: number
}

/** A deterministic OpenCode server for tests. */
export interface Impostor {
  /** `http://127.0.0.1:<port>`; it stays over restarts. */
  readonly url: string
  /** The directory of requests that name none. */
  readonly directory: string
  /** Headers that authenticate; empty without a password. */
  readonly headers: Readonly<Record<string, string>>
  /** Every request, waitable. */
  readonly journal: Journal<LoggedRequest>
  /** Every event that was published, waitable, whether there was a listener or not. */
  readonly events: Journal<PublishedEvent>
  /** Open event streams. */
  readonly streams: StreamsControl
  /** Adds answers after those that exist. */
  answer(scenario: ScenarioLike): void
  /** The gate of a `gate(name)` step or of a tool's `gate`. */
  gate(name: string): Gate
  /** Lets the next `times` (default 1) matching requests or streams go wrong. The result takes it back. */
  fail(match: RequestMatch, fault: Fault, options?: { times?: number }): () => void
  /** The next request that matches and was not yet returned. */
  next(match?: RequestMatch, options?: { timeoutMs?: number }): Promise<LoggedRequest>
  /** Publishes any event, in `directory` (default: the server's own). */
  publish(type: string, properties: Record<string, unknown>, directory?: string): void
  /** What an agent would find in a file; null when there is none. */
  readFile(path: string): string | null
  /** Takes connections and never answers, as a frozen process does; open streams fall silent. */
  freeze(): void
  /** Ends {@link Impostor.freeze}. What came meanwhile is never answered. */
  thaw(): void
  /** Ends the process: every connection is cut, runs stop without a word, nothing is repaired. */
  kill(): Promise<void>
  /** Kills it if it runs, and starts it again on the same port. */
  restart(options?: RestartOptions): Promise<void>
  /** Fails with `incomplete` and a table when answers are left over or prompts had none. */
  assertComplete(): void
  /** Ends it. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** How a server comes back. */
export interface RestartOptions {
  /** Whether sessions and messages are still there. Default true. */
  readonly keep?: boolean
  /** For how long connections are taken and never answered before it is ready, default 0. */
  readonly deafMs?: number
}

/** Controls all open event streams. */
export interface StreamsControl {
  /** How many are open. */
  readonly count: number
  /** Ends them all from the server's side. */
  end(): void
  /** Sends nothing from now on, not even heartbeats; the other endpoints tell the truth. */
  silence(): void
  /** Ends {@link StreamsControl.silence}. What happened meanwhile is not sent. */
  resume(): void
}

const optionNames: Names<ImpostorOptions> = {
  port: true,
  clock: true,
  password: true,
  username: true,
  heartbeatMs: true,
  seed: true,
  startMs: true,
  directory: true,
  directories: true,
  git: true,
  snapshot: true,
  files: true,
  storage: true,
  providerId: true,
  modelId: true,
  models: true,
  price: true,
  title: true,
  summary: true,
  tools: true,
  config: true,
  expandMs: true,
  experimental: true,
  listenerWaitMs: true,
  version: true,
}

/**
 * Starts an Impostor. A scenario is one reply for every prompt, replies in order, answers for certain prompts, or a
 * function; without one every prompt gets a useful default answer.
 *
 * @example
 * const impostor = await startImpostor(reply(text('Hello.')))
 * // Point the application at `impostor.url`, and ask something.
 * impostor.assertComplete()
 * await impostor.close()
 * @throws TypeError for what is no scenario or no option.
 */
export async function startImpostor(
  scenario: ScenarioLike = defaultReply,
  options: ImpostorOptions = {},
): Promise<Impostor> {
  assertKnown('`startImpostor`', options, optionNames)
  const clock = options.clock ?? unfakedClock
  const gates = createGates()
  const book = createAnswerBook(scenario)
  const journal = createJournal<LoggedRequest>((entry) => `${entry.method} ${entry.path}`)
  const faults = createFaultPlan()
  const username = options.username ?? 'opencode'
  const credentials =
    options.password === undefined ? null : { username, password: options.password }
  const world: World = createWorld(options, { clock, gates, book })
  let isDeaf = false
  let isFrozen = false
  let isSilenced = false
  let life = new AbortController()
  let closing: Promise<void> | null = null
  let server: Loopback | null = null

  const shell = createShell({
    world: () => world,
    credentials,
    faults,
    journal,
    control: { isSilent: () => isFrozen || isSilenced },
    heartbeatMs: options.heartbeatMs ?? 10_000,
    isDeaf: () => isFrozen || isDeaf,
    life: () => life.signal,
  })
  server = await listenOnLoopback(shell, options.port)
  const { port, url } = server

  const kill = async (): Promise<void> => {
    const running = server
    if (!running) return
    server = null
    life.abort(processDied)
    world.life += 1
    for (const session of world.sessions.values()) {
      session.run?.abort.abort(processDied)
      session.run = null
    }
    forgetProcess(world)
    await running.close()
  }

  const listen = async (): Promise<AbortSignal> => {
    life = new AbortController()
    const { signal } = life
    server = await listenOnLoopback(shell, port)
    // Closed meanwhile: there was no server yet that could have been killed.
    if (closing !== null) await kill()
    return signal
  }

  const end = async (): Promise<void> => {
    await kill()
    gates.openAll()
  }
  const close = (): Promise<void> => (closing ??= end())

  return {
    url,
    directory: world.settings.directory,
    headers:
      credentials === null
        ? {}
        : {
            authorization: `Basic ${Buffer.from(`${username}:${credentials.password}`).toString('base64')}`,
          },
    journal,
    events: world.bus.published,
    streams: {
      get count() {
        return world.bus.listeners.size
      },
      end: () => {
        for (const listener of [...world.bus.listeners]) listener.end()
      },
      silence: () => void (isSilenced = true),
      resume: () => void (isSilenced = false),
    },
    answer: (more) => book.add(more),
    gate: (name) => gates.gate(name),
    fail: (match, fault, times) => faults.add(match, fault, times?.times ?? 1),
    next: (match, wait) =>
      journal.next(match === undefined ? undefined : (entry) => fits(match, entry), wait),
    publish: (type, properties, directory) =>
      world.bus.publish(directory ?? world.settings.directory, type, properties),
    readFile: (path) => {
      const bytes = world.files.read(
        path.startsWith('/') ? path : `${world.settings.directory}/${path}`,
      )
      return bytes === null ? null : new TextDecoder().decode(bytes)
    },
    freeze: () => void (isFrozen = true),
    thaw: () => void (isFrozen = false),
    kill,
    async restart(restart = {}) {
      if (closing !== null) {
        throw new TestkitError('closed', 'This Impostor is closed; start a new one')
      }
      await kill()
      if (restart.keep === false) world.sessions.clear()
      isFrozen = false
      isDeaf = (restart.deafMs ?? 0) > 0
      const signal = await listen()
      if (isDeaf) await clock.sleep(restart.deafMs ?? 0, { signal }).catch(() => {})
      if (!signal.aborted) isDeaf = false
    },
    assertComplete() {
      const left = book.leftovers()
      if (left.length > 0) throw new TestkitError('incomplete', formatLeftovers(left))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
