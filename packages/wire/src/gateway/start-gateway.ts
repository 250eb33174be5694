import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent } from 'undici'
import { systemClock } from '../clock.js'
import { WireError } from '../errors.js'
import { onAbort } from '../http/listen.js'
import type { ProviderCredentials } from '../providers/credentials.js'
import { createAdmission } from './admission.js'
import { createGrants, type GatewayGrant, type GrantOptions } from './grants.js'
import { type CallContext, handleCall } from './handle-call.js'
import type { GatewayErrorContext, GatewayOptions } from './options.js'
import { assertKnown, type Names } from '../values/known-options.js'
import { createSessionRoots } from './session-roots.js'
import { toUpstreams } from './upstreams.js'

/** Calls models for servers that have no keys. */
export interface ModelGateway {
  /** On 127.0.0.1. */
  readonly url: string
  /** Access for a server, which is good until it is revoked. One for each server, or for each user's. */
  grant(options?: GrantOptions): GatewayGrant
  /** Other keys from the next call on, for the same providers. */
  setCredentials(credentials: ProviderCredentials | readonly ProviderCredentials[]): void
  /** Calls that are under way or wait for their user's others. */
  readonly calls: number
  /** Revokes every token, cuts what is under way, and waits until all of it is settled. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** So long a request may take to arrive: it comes from this machine. */
const requestMs = 120_000

const names: Names<GatewayOptions> = {
  credentials: true,
  priceOf: true,
  ledger: true,
  userOf: true,
  port: true,
  maxBodyBytes: true,
  waitMs: true,
  headersTimeoutMs: true,
  silenceMs: true,
  onCall: true,
  onError: true,
  signal: true,
  clock: true,
}

/**
 * Starts a gateway on loopback that passes calls of OpenCode servers on to their providers with the keys, counts what each user spends,
 * and lets out no call of a user whose cap is reached.
 *
 * | Answered | When |
 * |---|---|
 * | 401 | the token is not good |
 * | 402 `cap_reached` | the user has spent what they may; the turn ends with this |
 * | 403 `unknown_user`, `no_price`, `provider_key_refused` | nobody pays, nothing can be counted, or the provider refuses the key |
 * | 404 | it is no call to a model: nothing else of a provider's can be reached |
 * | 413, 400 | it is longer than `maxBodyBytes`, names no model, or refers to what cannot be counted (`unbounded_request`) |
 * | 429 `cap_reserved` | calls under way had set aside the rest of the cap for `waitMs`; the server tries again |
 * | 502, 503 | the provider cannot be reached, the ledger or a callback has failed; the server tries again |
 * | anything else | is the provider's own answer |
 *
 * @throws TypeError or RangeError for options that cannot be meant, `WireError` `server_start_failed` when it cannot listen.
 *
 * @example
 * const gateway = await startModelGateway({ credentials, priceOf, ledger: createMemoryLedger({ capOf }) })
 * const provider = detectProvider({}, { credentials: gateway.grant({ user: 'u1' }).credentials })
 */
export async function startModelGateway(options: GatewayOptions): Promise<ModelGateway> {
  assertKnown('`startModelGateway`', options, names)
  const { port = 0, clock = systemClock, ledger, signal, onError } = options
  const {
    maxBodyBytes = 64 * 1024 * 1024,
    waitMs = 60_000,
    headersTimeoutMs = 300_000,
    silenceMs = 600_000,
  } = options
  for (const [name, value] of Object.entries({
    maxBodyBytes,
    waitMs,
    headersTimeoutMs,
    silenceMs,
  })) {
    if (typeof value !== 'number' || !(value >= 0)) {
      throw new RangeError(`\`${name}\` must be a number that is not negative`)
    }
  }
  for (const name of ['userOf', 'onCall', 'onError'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') {
      throw new TypeError(`\`${name}\` must be a function`)
    }
  }
  if (typeof options.priceOf !== 'function') throw new TypeError('`priceOf` must be a function')
  if (typeof ledger?.reserve !== 'function' || typeof ledger.settle !== 'function') {
    throw new TypeError(
      '`ledger` must have `reserve` and `settle`, as `createMemoryLedger` makes it',
    )
  }
  signal?.throwIfAborted()
  let upstreams = toUpstreams(options.credentials)
  const report = (error: unknown, context: GatewayErrorContext): void => {
    try {
      onError?.(error, context)
    } catch {
      // It concerns nobody else.
    }
  }
  const grants = createGrants(clock)
  const dispatcher = new Agent()
  const context: CallContext = {
    priceOf: options.priceOf,
    ...(options.userOf !== undefined && { userOf: options.userOf }),
    ...(options.onCall !== undefined && { onCall: options.onCall }),
    upstreams: () => upstreams,
    grants,
    roots: createSessionRoots(),
    admission: createAdmission({ ledger, clock, waitMs }),
    ledger,
    dispatcher,
    clock,
    maxBodyBytes,
    headersTimeoutMs,
    silenceMs,
    report,
  }

  const underWay = new Set<Promise<void>>()
  const server = createServer(
    { requestTimeout: requestMs, keepAliveTimeout: 60_000 },
    (request, response) => {
      response.on('error', () => undefined)
      const call = handleCall(request, response, context)
      underWay.add(call)
      void call.finally(() => underWay.delete(call))
    },
  )
  await listen(server, port)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  let closing: Promise<void> | null = null
  const end = async (): Promise<void> => {
    unlisten()
    grants.close()
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await Promise.all(underWay)
    await closed
    await dispatcher.destroy()
  }
  const close = (): Promise<void> => (closing ??= end())
  let unlisten = (): void => undefined
  unlisten = onAbort(signal, () => void close())

  return {
    url,
    grant(grantOptions = {}) {
      if (closing !== null) throw new WireError('closed', 'The model gateway was closed.')
      return grants.add(grantOptions, upstreams, url)
    },
    setCredentials(credentials) {
      const next = toUpstreams(credentials)
      const missing = [...upstreams.keys()].find((id) => !next.has(id))
      if (missing !== undefined) throw new TypeError(`the new credentials have none for ${missing}`)
      upstreams = next
    },
    get calls() {
      return underWay.size
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(
        new WireError('server_start_failed', `The model gateway cannot listen on port ${port}.`, {
          cause,
          delivered: 'no',
        }),
      )
    server.once('error', fail)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', fail)
      resolve()
    })
  })
}
