import type { Call, Outcome } from './outcome.js'
import { decodeSegment, type RequestPath } from './request-path.js'

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
  path: RequestPath,
): { readonly route: Route; readonly params: Record<string, string> } | null {
  let named: { readonly route: Route; readonly params: Record<string, string> } | null = null
  for (const route of routes) {
    if (route.method !== method) continue
    const params = match(route.segments, path.segments)
    if (!params) continue
    const found = { route, params }
    const isPlain = !(route.segments.at(-1) ?? '').startsWith(':')
    // A path with a slash at its end finds the parameter before the name.
    if (isPlain !== path.hasTrailingSlash) return found
    named ??= found
  }
  return named
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
    const decoded = decodeSegment(value)
    if (segment.startsWith(':')) params[segment.slice(1)] = decoded
    else if (segment.toLowerCase() !== decoded.toLowerCase()) return null
  }
  return given.length === segments.length ? params : null
}
