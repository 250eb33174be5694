import { Refusal } from './outcome.js'

/** Credentials that every request must carry. */
export interface Credentials {
  readonly username: string
  readonly password: string
}

/** Refuses a request without the right credentials, with the body of its family of routes. */
export function authenticate(
  credentials: Credentials | null,
  request: {
    readonly method: string
    readonly path: string
    readonly query: URLSearchParams
    readonly authorization: string | undefined
  },
): void {
  if (credentials === null || request.method === 'OPTIONS') return
  const wanted = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')
  const [scheme = '', given = ''] = (request.authorization ?? '').split(/ +/u)
  const isBasic = scheme.toLowerCase() === 'basic'
  // A token in the query beats the header, a wrong one too.
  const token = request.query.get('auth_token') ?? (isBasic ? given : '')
  if (token === wanted) return
  if (/^\/api\/|^\/experimental\/project\/[^/]+\/copy(\/refresh)?$/u.test(request.path)) {
    throw new Refusal({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="Secure Area"' },
      json: { _tag: 'UnauthorizedError', message: 'Authentication required' },
    })
  }
  throw new Refusal({ status: 401, headers: { 'www-authenticate': 'Basic realm="Secure Area"' } })
}
