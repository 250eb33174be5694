/** A request that Impostor got. */
export interface LoggedRequest {
  /** 1 for the first. */
  readonly number: number
  readonly method: string
  /** Path without the query. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** Headers in lower case; credentials are replaced by `[redacted]`. */
  readonly headers: Readonly<Record<string, string>>
  /** The body, parsed when it is JSON; null when there is none. */
  readonly body: unknown
  /** The status that was answered; null while there is none, and when the connection was cut. */
  readonly status: number | null
  /** The kind of the fault that it met. */
  readonly fault: string | null
  /** True when Impostor does not speak this endpoint and answered 501. */
  readonly isUnspoken: boolean
}

const secret = new Set(['authorization', 'cookie', 'proxy-authorization', 'x-api-key'])

/** Headers without secrets. */
export function redactHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const shown: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    shown[name] = secret.has(name) ? '[redacted]' : String(value)
  }
  return shown
}

/** A query without secrets. */
export function redactQuery(query: URLSearchParams): Record<string, string> {
  const shown = Object.fromEntries(query)
  if ('auth_token' in shown) shown['auth_token'] = '[redacted]'
  return shown
}

/** A body as a value. */
export function parseBody(raw: string): unknown {
  if (raw === '') return null
  try {
    return JSON.parse(raw)
  } catch {
    return raw
  }
}
