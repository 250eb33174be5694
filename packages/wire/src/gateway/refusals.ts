/** Why a call got no answer of its provider's. */
export type RefusalCode =
  | 'unknown_route'
  | 'unauthorized'
  | 'too_large'
  | 'invalid_request'
  | 'unbounded_request'
  | 'unknown_user'
  | 'no_price'
  | 'cap_reached'
  | 'cap_reserved'
  | 'provider_key_refused'
  | 'provider_unreachable'
  | 'gateway_failed'

/** An answer that the server shows to its user, in the shape that each provider's errors have. */
export interface Refusal {
  readonly code: RefusalCode
  readonly status: number
  readonly message: string
}

// The server tries 429 and 5xx again by itself, and ends a turn with the message of anything else (measured on 1.18.33).
const refusals: Readonly<Record<RefusalCode, readonly [status: number, message: string]>> = {
  unknown_route: [404, 'This gateway passes on calls to models and nothing else.'],
  unauthorized: [
    401,
    'The token of the model gateway is not good any more. Start the server with a new one.',
  ],
  too_large: [413, 'The request is larger than the model gateway takes.'],
  invalid_request: [400, 'The request names no model.'],
  unbounded_request: [
    400,
    'The request goes on in the background, or with what an earlier one left: the model gateway could not count that.',
  ],
  unknown_user: [403, 'The model gateway does not know whose session this is.'],
  no_price: [403, 'This model has no price at the model gateway.'],
  cap_reached: [402, 'The spending limit is reached.'],
  cap_reserved: [
    429,
    'What is left of the spending limit is set aside for calls that are under way.',
  ],
  provider_key_refused: [403, 'The provider refuses the key of the model gateway.'],
  provider_unreachable: [502, 'The provider cannot be reached.'],
  gateway_failed: [503, 'The model gateway could not look at the spending limit.'],
}

export function refusal(code: RefusalCode): Refusal {
  const [status, message] = refusals[code]
  return { code, status, message }
}

export function refusalBody({ code, message }: Refusal): string {
  return JSON.stringify({ type: 'error', error: { type: code, code, message } })
}
