import type { Clock } from '../clock.js'
import type { ProviderCredentials } from '../providers/credentials.js'
import type { Spend, SpendLedger } from './ledger.js'
import type { ModelPrice } from './price.js'

/** Who calls a model. */
export interface ModelCaller {
  /** As the grant of its token names it; null when that names none. */
  readonly grantUser: string | null
  /**
   * The session that calls, also for its title and its summaries. The server names it (measured on 1.18.33). A process that has
   * the server's token, such as the agent's shell, can name another one.
   */
  readonly sessionId: string | null
  /** The session of the conversation, where a sub-agent calls; else the same. */
  readonly rootSessionId: string | null
}

/** Where something went wrong that no caller is told of. */
export interface GatewayErrorContext {
  readonly step: 'user' | 'price' | 'reserve' | 'upstream' | 'settle' | 'on_call'
  readonly callId: string
  readonly user: string | null
}

/** Options of `startModelGateway`. */
export interface GatewayOptions {
  /** The keys. They are sent to their provider, and are nowhere else. */
  readonly credentials: ProviderCredentials | readonly ProviderCredentials[]
  /** What a model costs. Null refuses the call: what has no price has no cap. */
  readonly priceOf: (model: {
    readonly provider: string
    readonly model: string
  }) => ModelPrice | null | Promise<ModelPrice | null>
  /** Caps and sums. */
  readonly ledger: SpendLedger
  /** Whose money it is. Null or undefined refuses the call. Default: `grantUser`. */
  readonly userOf?: (
    caller: ModelCaller,
  ) => string | null | undefined | Promise<string | null | undefined>
  /** Port on 127.0.0.1. Default 0: a free one. A server that outlives this process needs a fixed one. */
  readonly port?: number
  /** The longest request that is taken. Default 67,108,864 bytes. */
  readonly maxBodyBytes?: number
  /** How long a call waits for calls of the same user that are under way, when these have set aside the rest of the cap. Default 60,000 ms. */
  readonly waitMs?: number
  /** How long a provider may take to begin its answer. Default 300,000 ms. */
  readonly headersTimeoutMs?: number
  /** How long a provider may say nothing within its answer, and a caller take nothing of it, before that is cut. Default 600,000 ms; 0 for any time. */
  readonly silenceMs?: number
  /** Called with each call that is over. What it throws goes to `onError`. */
  readonly onCall?: (spend: Spend) => void
  /** What went wrong here; a caller sees a short answer. Default: nothing happens. */
  readonly onError?: (error: unknown, context: GatewayErrorContext) => void
  /** Closes the gateway. */
  readonly signal?: AbortSignal
  /** Default: the clock of the machine. */
  readonly clock?: Clock
}
