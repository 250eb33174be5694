import type { RowId } from './ports.js'

const brand = Symbol.for('@turnstead/turn.TurnError')

/**
 * Why a turn failed. The codes are the public contract; see `docs/errors.md` for what to do about each.
 *
 * `budget_*`: a limit of {@link Budgets} was passed and the turn was stopped on the server. `not_run`: no failure of a turn, but what
 * a job throws so that its queue delivers it again.
 */
export type TurnErrorCode =
  | 'server_unreachable'
  | 'server_refused'
  | 'server_lost_turn'
  | 'prompt_rejected'
  | 'provider_failed'
  | 'provider_refused'
  | 'provider_limited'
  | 'content_filtered'
  | 'context_overflow'
  | 'output_invalid'
  | 'turn_stopped'
  | 'session_lost'
  | 'session_not_restored'
  | 'ask_rejected'
  | 'ask_unanswerable'
  | 'empty_reply'
  | 'budget_first_event'
  | 'budget_progress'
  | 'budget_tool'
  | 'budget_wall_clock'
  | 'budget_retry'
  | 'budget_steps'
  | 'budget_cost'
  | 'budget_tokens'
  | 'not_run'

/** Codes after which running the same prompt again as a new turn may well succeed. */
const retryableCodes: ReadonlySet<TurnErrorCode> = new Set([
  'server_unreachable',
  'server_lost_turn',
  'provider_failed',
  'provider_limited',
  'ask_unanswerable',
  'budget_first_event',
  'budget_progress',
  'budget_retry',
  'not_run',
])

/** What the model provider answered, when it was the provider that failed. */
export interface ProviderFailure {
  /** Its HTTP status; null when there was none. */
  readonly status: number | null
  /** Its own words. May hold internals of the provider: for operators, not for users. */
  readonly message: string
}

/** What a {@link TurnError} is built from, beside its code and message. */
export interface TurnErrorDetails extends ErrorOptions {
  readonly provider?: ProviderFailure | null
}

/** What a failed turn carries; switch on {@link TurnError.code}. */
export class TurnError extends Error {
  override readonly name: string = 'TurnError'
  readonly code: TurnErrorCode
  /** True when asking again later may succeed without a change by anyone. */
  readonly retryable: boolean
  /** What the model provider answered; null when it was not the provider. */
  readonly provider: ProviderFailure | null

  constructor(code: TurnErrorCode, message: string, details: TurnErrorDetails = {}) {
    super(`[${code}] ${message}`, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.retryable = retryableCodes.has(code)
    this.provider = details.provider ?? null
    Object.defineProperty(this, brand, { value: true })
  }

  /** True for a TurnError made by any installed copy of this package. */
  static is(value: unknown): value is TurnError {
    return typeof value === 'object' && value !== null && brand in value
  }
}

/** The error for a run that the server lost and that may not be run again. */
export function serverLostTurn(prompt: { readonly id: string }, cause?: unknown): TurnError {
  // What the server says of it in every run, after it has taken the prompt.
  const isHomeless = cause instanceof Error && /NotFound: FileSystem\.realPath/.test(cause.message)
  const advice = isHomeless
    ? "the directory of the session does not exist on the server's machine (the cause names it). Make it, then ask again."
    : 'what was seen of the reply is kept. Ask again.'
  return new TurnError(
    'server_lost_turn',
    `The OpenCode server lost the run of prompt ${prompt.id}; ${advice}`,
    { cause },
  )
}

/** What a job is to throw when its turn needs another call. */
export function notRun(turnId: RowId, reason: string): TurnError {
  return new TurnError(
    'not_run',
    `This call did not run turn ${turnId} to its end (${reason}); the job has to be delivered again.`,
  )
}

/** The error for a server that stayed out of reach too long. */
export function unreachable(limitMs: number, cause: unknown): TurnError {
  return new TurnError(
    'server_unreachable',
    `The OpenCode server was out of reach for ${limitMs} ms; check that it runs, then ask again.`,
    { cause },
  )
}

/** The error for a session that was deleted upstream after the prompt was given to it. */
export function sessionDeleted(sessionId: string, cause?: unknown): TurnError {
  return new TurnError(
    'turn_stopped',
    `The session ${sessionId} was deleted on the OpenCode server while it ran this turn, or the server lost its data. Ask again.`,
    { cause },
  )
}

/** The error for a conversation that the server does not know any more. */
export function sessionLost(sessionId: string, why: string): TurnError {
  return new TurnError(
    'session_lost',
    `The OpenCode server does not know the session ${sessionId} of this conversation any more, and ${why}. Give runTurn a \`history\`, or say by \`recovery.onSessionLost\` that the conversation may go on in a new session.`,
  )
}

/** The error for a session that could not be given back to a server. */
export function sessionNotRestored(sessionId: string, why: string, cause?: unknown): TurnError {
  return new TurnError(
    'session_not_restored',
    `The session ${sessionId} could not be restored: ${why}. The cause says more; what is kept of it is unchanged.`,
    { cause },
  )
}

/** The failure of one call of the host's ports that did not answer; it may answer the next time. */
export function portTimeout(step: string, limitMs: number): Error {
  const error = new Error(
    `[port_timeout] The host's port for the step "${step}" did not answer within ${limitMs} ms.`,
  )
  return Object.assign(error, { code: 'port_timeout', retryable: true })
}

/** The error that a row keeps of a turn that failed under an earlier worker. Codes of other versions are taken as they are. */
export function restoreError(stored: { code: string; message: string } | null): TurnError {
  const code = (stored?.code ?? 'turn_stopped') as TurnErrorCode
  const message = stored?.message ?? 'The turn failed, and its row does not say why.'
  return new TurnError(code, message.replace(`[${code}] `, ''))
}

/** What an error was survived in. All reporters of Turnstead are given one with its `step`, so that one function can be all of them. */
export interface ErrorContext {
  readonly step: TurnStep
  /** Null when it is no turn's. */
  readonly turnId: RowId | null
  /** Null when it is no conversation's, or that is not known. */
  readonly conversationId: RowId | null
}

/** Where an error happened that the turn survived. */
export type TurnStep =
  | 'claim'
  | 'session'
  | 'prompt'
  | 'settle'
  | 'renew'
  | 'stream'
  | 'poll'
  | 'send'
  | 'asks'
  | 'inbox'
  | 'snapshot'
  | 'history'
  | 'stop'
  | 'release'
  | 'artifacts'
  | 'observer'
  | 'live'
  | 'worker'
  | 'callback'
  | 'follow'
  | 'outbox'
  | 'route'

/** An error handler that fails must not become the turn's failure, nor end the process; there is no one left to report it to. */
export function reportSafely<Context extends ErrorContext>(
  onError: ((error: unknown, context: Context) => void) | undefined,
  error: unknown,
  context: Context,
): void {
  try {
    Promise.resolve(onError?.(error, context)).catch(() => undefined)
  } catch {
    // See above.
  }
}
