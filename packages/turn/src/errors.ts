const brand = Symbol.for('@turnstead/turn.TurnError')

/**
 * Why a turn failed. The codes are the public contract; see `docs/errors.md` for what to do about each.
 *
 * `budget_*`: a limit of {@link Budgets} was passed and the turn was stopped on the server.
 */
export type TurnErrorCode =
  | 'server_unreachable'
  | 'server_refused'
  | 'server_lost_turn'
  | 'prompt_rejected'
  | 'provider_failed'
  | 'turn_stopped'
  | 'ask_rejected'
  | 'empty_reply'
  | 'budget_first_event'
  | 'budget_progress'
  | 'budget_wall_clock'
  | 'budget_retry'
  | 'budget_steps'
  | 'budget_cost'
  | 'budget_tokens'

/** Codes after which running the same prompt again as a new turn may well succeed. */
const retryableCodes: ReadonlySet<TurnErrorCode> = new Set([
  'server_unreachable',
  'server_lost_turn',
  'budget_first_event',
  'budget_progress',
  'budget_retry',
])

/** What a failed turn carries; switch on {@link TurnError.code}. */
export class TurnError extends Error {
  override readonly name: string = 'TurnError'
  readonly code: TurnErrorCode
  /** True when asking again later may succeed without a change by anybody. */
  readonly retryable: boolean

  constructor(code: TurnErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.retryable = retryableCodes.has(code)
    Object.defineProperty(this, brand, { value: true })
  }

  /** True for a TurnError made by any installed copy of this package. */
  static is(value: unknown): value is TurnError {
    return value instanceof Error && brand in value
  }
}

/** The error for a run that the server lost and that may not be run again. */
export function serverLostTurn(prompt: { readonly id: string }): TurnError {
  return new TurnError(
    'server_lost_turn',
    `The OpenCode server lost the run of prompt ${prompt.id}; what was seen of the reply is kept. Ask again.`,
  )
}
