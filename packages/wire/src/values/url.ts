/** Values of a query; `undefined` leaves the name out, an object becomes `name[key]=value`. */
export type QueryValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly (string | number)[]
  | { readonly [key: string]: QueryValue }

/** Where a server lives, taken apart once so that every request only joins strings. */
export interface Base {
  /** Scheme, host and port. */
  readonly origin: string
  /** Path prefix without its last slash; empty for none. */
  readonly prefix: string
  /** Query of the base URL, sent with every request; empty for none. */
  readonly query: string
  /** Credentials that stood in the URL. */
  readonly username: string | null
  readonly password: string | null
}

/** Takes a base URL apart; a path prefix (`https://host/agent`) and a query stay. `name` is where it came from. */
export function parseBaseUrl(value: string | URL, name: string): Base {
  const url = toUrl(value, name)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`\`${name}\` must start with http:// or https://`)
  }
  return {
    origin: url.origin,
    prefix: url.pathname.replace(/\/+$/, ''),
    query: url.search.slice(1),
    username: url.username === '' ? null : decodeCredential(url.username, name),
    password: url.password === '' ? null : decodeCredential(url.password, name),
  }
}

function decodeCredential(value: string, name: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    throw new TypeError(`\`${name}\` holds credentials with a bare %; write it as %25`)
  }
}

function toUrl(value: string | URL, name: string): URL {
  try {
    return new URL(value)
  } catch {
    // The value may hold a password: it is not repeated, and neither is Node's error, which holds it too.
    throw new TypeError(`\`${name}\` is not a URL; write it like http://127.0.0.1:4096`)
  }
}

/**
 * Fills `{name}` places of a path template with escaped values. A place for `*` keeps its slashes, for
 * file paths. Ids that would change the path (empty, `.`, `..`) are refused.
 */
export function fillPath(template: string, params: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{([^}]+)\}|\*/g, (place, name: string | undefined) => {
    const key = name ?? place
    const value = params[key]
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new TypeError(`\`params.${key}\` is missing; ${template} needs it as a string`)
    }
    return name === undefined ? escapePath(String(value)) : escapeSegment(key, String(value))
  })
}

function escapeSegment(name: string, value: string): string {
  if (value === '' || value === '.' || value === '..') {
    throw new TypeError(`\`params.${name}\` is ${JSON.stringify(value)}, which is no id`)
  }
  return escapeText(`params.${name}`, value)
}

function escapePath(value: string): string {
  const segments = value.split('/')
  if (value === '' || segments.includes('.') || segments.includes('..')) {
    throw new TypeError('`params.*` must be a relative path without `.` and `..` segments')
  }
  return segments.map((segment) => escapeText('params.*', segment)).join('/')
}

function escapeText(label: string, value: string): string {
  try {
    return encodeURIComponent(value)
  } catch (error) {
    throw new TypeError(`\`${label}\` is not valid Unicode text`, { cause: error })
  }
}

/** Writes a query string without its `?`; later objects win over earlier ones. */
export function formatQuery(...queries: readonly Readonly<Record<string, QueryValue>>[]): string {
  const pairs: string[] = []
  for (const [name, value] of Object.entries(
    Object.assign({}, ...queries) as Record<string, QueryValue>,
  )) {
    addPairs(pairs, name, value)
  }
  return pairs.join('&')
}

function addPairs(pairs: string[], name: string, value: QueryValue): void {
  if (value === undefined || value === null) return
  if (Array.isArray(value)) {
    for (const item of value) addPairs(pairs, name, item as QueryValue)
  } else if (typeof value === 'object') {
    for (const [key, item] of Object.entries(value))
      addPairs(pairs, `${name}[${key}]`, item as QueryValue)
  } else {
    pairs.push(`${escapeText('query', name)}=${escapeText(`query.${name}`, String(value))}`)
  }
}
