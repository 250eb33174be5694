import type { RequestHandler, Request } from 'express'

/** Sets what a browser may load, and that nothing of this application is framed, sniffed or opened by another. */
export function securityHeaders(contentSecurityPolicy: readonly string[]): RequestHandler {
  return (_request, response, next) => {
    response.set({
      'content-security-policy': contentSecurityPolicy.join('; '),
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      // Without any, a form that no script sends would come from nowhere (`Origin: null`).
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    })
    next()
  }
}

/** How browsers reach this application. */
export interface PublicAddress {
  /** The origin in the address bar where a proxy is in front, such as `https://chat.example.com`; else null. */
  readonly origin: string | null
  /** Names that this application may be known by; null for any. */
  readonly hostnames: readonly string[] | null
}

/**
 * Refuses what another site makes a browser send. Browsers say where a request comes from; a client that
 * says nothing is not a browser and carries no one's authority.
 */
export function sameOriginOnly({ origin: publicOrigin }: PublicAddress): RequestHandler {
  return (request, response, next) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (isRead || isSameOrigin(request, publicOrigin)) next()
    else response.status(403).type('text').send('This request came from another site.')
  }
}

function isSameOrigin(request: Request, publicOrigin: string | null): boolean {
  const site = request.get('sec-fetch-site')
  if (site !== undefined) return site === 'same-origin'
  const origin = request.get('origin')
  if (origin === undefined) return true
  // A proxy may put its own name for this application in the place of the public one.
  if (origin === publicOrigin) return true
  return URL.canParse(origin) && new URL(origin).host === request.get('host')
}

/**
 * On a loopback address there is no log-in, so the name is the lock: a foreign name that resolves to this
 * machine (DNS rebinding) would otherwise make a foreign page "same origin".
 */
export function knownHostsOnly({ origin, hostnames }: PublicAddress): RequestHandler {
  const known = hostnames && [...hostnames, ...(origin === null ? [] : [new URL(origin).hostname])]
  return (request, response, next) => {
    // Express's own type does not say so, but HTTP/1.0 knows requests without a name.
    const hostname: string | undefined = request.hostname
    if (known === null || known.includes(hostname?.toLowerCase() ?? '')) next()
    else response.status(421).type('text').send('This application does not answer to that name.')
  }
}
