import type { Call, Outcome } from './outcome.js'

/** Answers one endpoint. */
export type Handler = (call: Call) => Outcome | Promise<Outcome>

/** An endpoint: `GET /session/:sessionID`. A final `*name` takes the rest of the path. */
export interface Route {
  readonly method: string
  readonly segments: readonly string[]
  /** As it was written: `GET /session/:sessionID`. */
  readonly line: string
  readonly handler: Handler
}

/** Routes by their line, such as `'GET /session/:sessionID': handler`. */
export function toRoutes(table: Readonly<Record<string, Handler>>): readonly Route[] {
  return Object.entries(table).map(([line, handler]) => {
    const [method = '', path = ''] = line.split(' ')
    return { method, line, segments: path.split('/').slice(1), handler }
  })
}

/** The route for a request, with its parameters; null when there is none. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { readonly route: Route; readonly params: Record<string, string> } | null {
  const given = path.split('/').slice(1)
  for (const route of routes) {
    if (route.method !== method) continue
    const params = match(route.segments, given)
    if (params) return { route, params }
  }
  return null
}

function match(
  segments: readonly string[],
  given: readonly string[],
): Record<string, string> | null {
  const params: Record<string, string> = {}
  for (const [index, segment] of segments.entries()) {
    if (segment.startsWith('*')) {
      params[segment.slice(1)] = given.slice(index).join('/')
      return params
    }
    const value = given[index]
    if (value === undefined) return null
    if (segment.startsWith(':')) params[segment.slice(1)] = decode(value)
    else if (segment !== value) return null
  }
  return given.length === segments.length ? params : null
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
