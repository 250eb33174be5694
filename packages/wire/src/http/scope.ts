import type { QueryValue } from '../values/url.js'

/** Which project directory and workspace a call is about. */
export interface Scope {
  /** Absolute path on the server's machine. Default: the client's. */
  readonly directory?: string | undefined
  /** Workspace id. Default: the client's. */
  readonly workspace?: string | undefined
}

/** Routes about the whole server, or that take their place from the session. */
const unscoped =
  /^\/(global|auth|log|doc|api\/session|api\/event|api\/health|api\/credential)(\/|$)/

/** The older routes take `directory=`, the `/api` ones `location[directory]=`. */
export function scopeQuery(path: string, scope: Scope): Record<string, QueryValue> {
  if (unscoped.test(path)) return {}
  const { directory, workspace } = scope
  if (path.startsWith('/api/')) return { location: { directory, workspace } }
  return { directory, workspace }
}
