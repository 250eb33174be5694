/** Why a request was refused: `code` of the error in the body. */
export type RouteRefusal =
  | 'not_found'
  | 'method_not_allowed'
  | 'not_json'
  | 'too_large'
  | 'invalid_body'
  | 'invalid_decision'
  | 'turn_taken'
  | 'turn_settled'
  | 'ask_missing'
  | 'ask_answered'
  | 'ask_closed'
  | 'ask_settled'
  | 'failed'

const refusals: Readonly<Record<RouteRefusal, readonly [status: number, message: string]>> = {
  not_found: [404, 'There is nothing here, or it is not yours.'],
  method_not_allowed: [405, 'This cannot be asked for by this method.'],
  not_json: [415, 'Send the content type application/json.'],
  too_large: [413, 'The body is too large.'],
  invalid_body: [400, 'The body is not what this takes.'],
  invalid_decision: [400, 'What was asked cannot be answered like this.'],
  turn_taken: [409, 'The agent has this already. Stop it instead.'],
  turn_settled: [409, 'The turn is over.'],
  ask_missing: [409, 'The agent has not asked this.'],
  ask_answered: [409, 'This was answered before.'],
  ask_closed: [409, 'The agent does not wait for this any more.'],
  ask_settled: [409, 'The turn is over.'],
  failed: [500, 'Something went wrong. Try again.'],
}

/** A refusal in words, with nothing of what is inside. */
export function refuse(
  code: RouteRefusal,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const [status, message] = refusals[code]
  return json({ error: { code, message } }, status, headers)
}

/** @param value - Ids that are bigints become text. */
export function json(
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const text = JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'bigint' ? String(each) : each,
  )
  const bytes = new TextEncoder().encode(text)
  return new Response(bytes, {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(bytes.byteLength),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  })
}
