import { onAbort } from './listen.js'
import { Agent, type Dispatcher, Pool } from 'undici'

import { WireError } from '../errors.js'
import { startExchange, type Exchange, type ExchangeSink } from './exchange.js'
import type { Settings } from '../options.js'
import { toTransportError } from './transport-error.js'

/** One call, already bound to a path. */
export interface HttpCall {
  readonly method: Dispatcher.HttpMethod
  /** Path and query below the base URL. */
  readonly path: string
  /** How errors name the call; without query and file names. */
  readonly label: string
  readonly accept: string
  /** JSON text. */
  readonly body?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Called right before the request is written to its socket; what it throws ends the exchange. */
  readonly beforeWrite?: (() => void) | undefined
}

/** The connections of one client. */
export interface Http {
  /**
   * Sends a request. What goes wrong reaches the sink as a `WireError`, or as the untouched reason of
   * the signal or of {@link Exchange.abort}.
   */
  readonly start: (call: HttpCall, sink: Omit<ExchangeSink, 'onWrite'>) => Exchange
  /** Ends every exchange with `closed` and gives the sockets back; a given dispatcher stays open. */
  readonly close: () => Promise<void>
}

export function createHttp(settings: Settings, given: Dispatcher | undefined): Http {
  const { dispatcher, destroy } =
    given === undefined
      ? openAgent(settings.timeouts.connectMs)
      : { dispatcher: given, destroy: async () => undefined }
  const running = new Set<Exchange>()
  const labels = new WeakMap<Exchange, string>()
  let closing: Promise<void> | null = null

  const start = (call: HttpCall, sink: Omit<ExchangeSink, 'onWrite'>): Exchange => {
    let inner: Exchange | null = null
    let isOver = false
    let isAborted = false
    const finish = (): void => {
      isOver = true
      running.delete(exchange)
      unlisten()
    }
    const tracked: ExchangeSink = {
      onWrite: () => {
        try {
          call.beforeWrite?.()
        } catch (error) {
          isAborted = true
          throw error
        }
      },
      onStart: sink.onStart,
      onData: sink.onData,
      onEnd: () => {
        finish()
        sink.onEnd()
      },
      onError: (error) => {
        finish()
        sink.onError(isAborted ? error : toTransportError(error, call.label, exchange.delivered()))
      },
    }
    const exchange: Exchange = {
      delivered: () => inner?.delivered() ?? 'no',
      abort: (reason) => {
        if (isOver) return
        isAborted = true
        if (inner === null) tracked.onError(reason)
        else inner.abort(reason)
      },
    }
    const abortByCaller = (): void => exchange.abort(call.signal?.reason)
    const begin = async (): Promise<void> => {
      const { headers } = settings
      // Always a moment later: a dispatcher may fail at once, and the caller must have its exchange by then.
      const extra = await (typeof headers === 'function' ? headers() : headers)
      if (isOver) return
      inner = startExchange(dispatcher, toDispatch(settings, call, extra), tracked)
    }
    running.add(exchange)
    labels.set(exchange, call.label)
    const isAbortedBefore = call.signal?.aborted === true
    const unlisten = onAbort(isAbortedBefore ? undefined : call.signal, abortByCaller)
    if (isAbortedBefore) queueMicrotask(abortByCaller)
    else if (closing !== null) queueMicrotask(() => exchange.abort(toClosed(call.label, exchange)))
    else begin().catch(exchange.abort)
    return exchange
  }

  const end = async (): Promise<void> => {
    for (const exchange of running) {
      exchange.abort(toClosed(labels.get(exchange) ?? 'the request', exchange))
    }
    await destroy()
  }
  return { start, close: () => (closing ??= end()) }
}

/**
 * An Agent lets a pool go, which then closes on its own, whenever that has no connection for a moment; of such a pool's
 * sockets the Agent would know nothing any more when it is destroyed.
 */
function openAgent(connectMs: number): {
  readonly dispatcher: Dispatcher
  /** Resolves when every socket is gone. */
  readonly destroy: () => Promise<void>
} {
  let pools: Pool[] = []
  const agent = new Agent({
    connect: { timeout: connectMs },
    factory: (origin, options: Pool.Options) => {
      const pool = new Pool(origin, options)
      pools = [...pools.filter(({ destroyed }) => !destroyed), pool]
      return pool
    },
  })
  return {
    dispatcher: agent,
    async destroy() {
      await Promise.all([agent.destroy(), ...pools.map((pool) => pool.destroy())])
    },
  }
}

function toClosed(label: string, exchange: Exchange): WireError {
  const delivered = exchange.delivered()
  const state = delivered === 'no' ? 'was not sent' : 'was cut off'
  return new WireError('closed', `${label} ${state}: the client is closed`, { delivered })
}

function toDispatch(
  settings: Settings,
  call: HttpCall,
  extra: Readonly<Record<string, string>> | undefined,
): Dispatcher.DispatchOptions {
  const { base, authorization } = settings
  const headers: Record<string, string> = { accept: call.accept, 'user-agent': 'turnstead' }
  if (authorization !== null) headers['authorization'] = authorization
  if (call.body !== undefined) headers['content-type'] = 'application/json'
  for (const [name, value] of Object.entries(extra ?? {})) headers[name.toLowerCase()] = value
  return {
    origin: base.origin,
    path: joinQuery(base.prefix + call.path, base.query),
    method: call.method,
    headers,
    body: call.body ?? null,
  }
}

function joinQuery(path: string, query: string): string {
  if (query === '') return path
  return `${path}${path.includes('?') ? '&' : '?'}${query}`
}
