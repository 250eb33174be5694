import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, longestTimerMs, monotonic, systemClock } from '../clock.js'
import { assertKnown, type Names } from '../known-options.js'
import { type Endpoint, ticketOf } from './endpoint.js'
import { clientOf, end, endWith, headersFor, isOfPage, keptConnections, readBody } from './http.js'
import { noMessage, readRpc, writeRpc } from './json-rpc.js'
import { createLastingCalls, type LastingCalls } from './lasting-calls.js'
import type { Listener, SecretAddress } from './listener.js'
import { readTicket } from './ticket.js'

/** Options of {@link openHostToolDoor}. */
export interface HostToolDoorOptions {
  /** Port on 127.0.0.1, the same in each process that takes the place of this one. */
  readonly port?: number
  /**
   * In its place: the descriptor of a socket that listens on 127.0.0.1 and was inherited from what starts this process anew, such as 3 from
   * systemd. Calls that are made while no process is there wait in it.
   */
  readonly fd?: number
  /** Addresses are made of it: at least 32 characters that no one knows, the same in each process. */
  readonly secret: string
  /**
   * How long after a break the server comes back, in milliseconds; it tries twice. Without `fd` the next process has to be there by
   * then. Default 3,000.
   */
  readonly reconnectMs?: number
  /** How long after the start of the process its calls wait for their run to be gone on with, in milliseconds. Default 60,000. */
  readonly waitMs?: number
  /** Default: the clock of the machine. */
  readonly clock?: Clock
}

/** The place where servers reach the host tools of this process, and of the one that takes its place. */
export interface HostToolDoor extends AsyncDisposable {
  readonly port: number
  /** Leaves calls that wait to the next process, and waits for those that are carried out, at most `waitMs`. */
  close(): Promise<void>
}

const listeners = new WeakMap<HostToolDoor, Listener>()

const names: Names<HostToolDoorOptions> = {
  port: true,
  fd: true,
  secret: true,
  reconnectMs: true,
  waitMs: true,
  clock: true,
}

/**
 * Opens an address for host tools that stays the same when the process is replaced: calls under way then are gone on with by the next
 * one, each executed once, where runs have `rows`. Open it at the start of the process, before the chats that were under way are
 * resumed, and once for each port.
 *
 * @throws TypeError, RangeError for options that make no sense; the system's error when it cannot listen.
 *
 * @example
 * const hostToolDoor = await openHostToolDoor({ port: 4817, secret })
 * const code = opencodeTask({ client, scope: chatId, rows, hostTools, hostToolDoor })
 */
export async function openHostToolDoor(options: HostToolDoorOptions): Promise<HostToolDoor> {
  assertKnown('`openHostToolDoor`', options, names)
  const { clock = systemClock, fd, port, secret, reconnectMs = 3_000, waitMs = 60_000 } = options
  if (typeof secret !== 'string' || secret.length < 32) {
    throw new TypeError('`secret` must have at least 32 characters')
  }
  if ((fd === undefined) === (port === undefined))
    throw new TypeError('give one of `port` and `fd`')
  for (const [name, value] of Object.entries({ reconnectMs, waitMs })) {
    if (!(value >= 1 && value <= longestTimerMs)) {
      throw new RangeError(`\`${name}\` must be from 1 to ${longestTimerMs}`)
    }
  }
  const openedAt = monotonic(clock)
  const leftOf = (ms: number): number => Math.max(0, openedAt + ms - monotonic(clock))
  const endpoints = createEndpoints()
  const calls = createLastingCalls({
    clock,
    reconnectMs,
    patienceMs: () => leftOf(waitMs),
    async endpointOf(name, signal) {
      const here = endpoints.find(name)
      if (here !== null) return here
      const { endpoint, leave } = endpoints.next(name)
      const late = clock.sleep(leftOf(waitMs), { signal }).catch(() => undefined)
      return await Promise.race([endpoint, late.then(() => null)]).finally(leave)
    },
  })
  const addressOf = (name: string): string =>
    `${name}/${createHmac('sha256', secret).update(name).digest('base64url')}`
  const nameIn = (path: string): string | null => {
    const name = path.slice(0, Math.max(0, path.indexOf('/')))
    return isSame(path, addressOf(name)) ? name : null
  }
  const server = await listen(
    fd === undefined ? { port, host: '127.0.0.1' } : { fd },
    (request, response) =>
      serve({
        request,
        response,
        server: () => server,
        nameIn,
        endpoints,
        calls,
      }),
  )
  const own = server.address() as AddressInfo
  let closing: Promise<void> | null = null
  const close = async (): Promise<void> => {
    server.close()
    const over = new AbortController()
    const late = clock.sleep(waitMs, { signal: over.signal }).catch(() => undefined)
    await Promise.race([calls.hand(), late]).finally(() => over.abort())
    server.closeIdleConnections()
  }
  const door: HostToolDoor = {
    port: own.port,
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  }
  listeners.set(door, {
    // By then every call that the last process had is back, and says whether it had begun.
    settlesInMs: () => leftOf(2 * reconnectMs + 1_000),
    async open(name, endpoint): Promise<SecretAddress> {
      if (closing !== null) throw new Error('The door of the host tools was closed.')
      const taken = endpoints.add(name, endpoint)
      return { url: `http://127.0.0.1:${own.port}/${addressOf(name)}`, close: taken }
    },
  })
  return door
}

/** @throws TypeError for what is no door. */
export function listenerOf(door: HostToolDoor): Listener {
  const listener = listeners.get(door)
  if (listener === undefined) throw new TypeError('`hostToolDoor` is what `openHostToolDoor` gives')
  return listener
}

/** The endpoints that are there, and those that are waited for. */
interface Endpoints {
  add(name: string, endpoint: Endpoint): () => void
  find(name: string): Endpoint | null
  /** The next one of this name. */
  next(name: string): { readonly endpoint: Promise<Endpoint>; readonly leave: () => void }
}

function createEndpoints(): Endpoints {
  const here = new Map<string, Endpoint>()
  const waiting = new Set<{ readonly name: string; take(endpoint: Endpoint): void }>()
  return {
    add(name, endpoint) {
      here.set(name, endpoint)
      for (const each of waiting) if (each.name === name) each.take(endpoint)
      return () => void (here.get(name) === endpoint && here.delete(name))
    },
    find: (name) => here.get(name) ?? null,
    next(name) {
      let leave = (): void => undefined
      const endpoint = new Promise<Endpoint>((take) => {
        const waiter = { name, take }
        waiting.add(waiter)
        leave = () => void waiting.delete(waiter)
      })
      return { endpoint, leave }
    },
  }
}

interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly server: () => Server
  readonly nameIn: (path: string) => string | null
  readonly endpoints: Endpoints
  readonly calls: LastingCalls
}

async function serve({
  request,
  response,
  server,
  nameIn,
  endpoints,
  calls,
}: Visit): Promise<void> {
  if (isOfPage(request, server())) return end(response, 403)
  const name = nameIn((request.url ?? '').slice(1))
  if (name === null) return end(response, 404)
  if (request.method === 'GET') {
    const ticket = readTicket(String(request.headers['last-event-id'] ?? ''))
    if (ticket === null) return end(response, 405)
    return await calls.serve(name, ticket, { request, response })
  }
  if (request.method !== 'POST') return end(response, 405)
  const body = await readBody(request)
  if (body === null) return end(response, 413)
  const message = readRpc(body)
  if (message === null) return endWith(response, noMessage)
  const { id, method, params } = message
  if (method === 'tools/call' && id !== null) {
    return await calls.serve(name, ticketOf(id, params), { request, response })
  }
  // Of a scope without runs there is nothing to tell.
  const endpoint = endpoints.find(name)
  if (endpoint === null) return end(response, id === null ? 202 : 404)
  const answer = await endpoint.answer(message, { client: clientOf(request) })
  if (answer === null || id === null) return end(response, 202)
  endWith(response, writeRpc(id, answer), headersFor(method))
}

function listen(
  where: object,
  onRequest: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(keptConnections, (request, response) => {
      response.on('error', () => undefined)
      void onRequest(request, response).catch(() => response.destroy())
    })
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const isNoSocket =
        'fd' in where && /^(?:EINVAL|EBADF|ENOTSOCK|EEXIST)$/.test(cause.code ?? '')
      const words =
        '`fd` is no listening socket: give one that what starts this process opened for it, or `port`'
      reject(isNoSocket ? new TypeError(words, { cause }) : cause)
    })
    server.unref()
    server.listen(where, () => resolve(server))
  })
}

function isSame(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}
