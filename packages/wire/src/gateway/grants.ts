import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../clock.js'
import type { ProviderCredentials } from '../providers/credentials.js'
import { monotonic } from '../clock.js'
import { onAbort } from '../http/listen.js'
import { assertKnown, type Names } from '../values/known-options.js'
import type { Upstream } from './upstreams.js'

/** What a token is good for. */
export interface GrantOptions {
  /** Whose calls these are, where a server works for one user alone. Default: `userOf` says so for each call. */
  readonly user?: string
  /** How long it is good without `renew`, in milliseconds. Default: until it is revoked or the gateway closes. */
  readonly ttlMs?: number
  /** Revokes it. */
  readonly signal?: AbortSignal
}

/** Access for one server. */
export interface GatewayGrant {
  /** The providers as the server reaches them, for `detectProvider`: addresses of the gateway, and the token as the key. */
  readonly credentials: readonly ProviderCredentials[]
  readonly token: string
  /** Makes it good for another `ttlMs`. False when it is over. */
  renew(): boolean
  /** No call begins with it any more; those under way are cut. */
  revoke(): void
}

/** A grant, as a call finds it. */
export interface LiveGrant {
  readonly user: string | null
  /** Aborts when it is revoked. */
  readonly signal: AbortSignal
}

/** The tokens that are good. */
export interface Grants {
  add(options: GrantOptions, upstreams: ReadonlyMap<string, Upstream>, url: string): GatewayGrant
  /** Null for a token that is not, or no longer, good. */
  find(token: string): LiveGrant | null
  close(): void
}

interface Entry extends LiveGrant {
  readonly revoking: AbortController
  /** On the monotonic clock. */
  expiresAt: number
}

const names: Names<GrantOptions> = { user: true, ttlMs: true, signal: true }

export function createGrants(clock: Clock): Grants {
  // By digest, so that finding one takes the same time for every wrong token.
  const entries = new Map<string, Entry>()

  function find(token: string): Entry | null {
    const key = digest(token)
    const entry = entries.get(key)
    if (entry === undefined) return null
    if (monotonic(clock) < entry.expiresAt) return entry
    entries.delete(key)
    return null
  }

  return {
    add(options, upstreams, url) {
      assertKnown('`grant`', options, names)
      const { user, ttlMs = Infinity, signal } = options
      if (typeof ttlMs !== 'number' || !(ttlMs > 0))
        throw new RangeError('`ttlMs` must be a positive number of milliseconds')
      if (user !== undefined && (typeof user !== 'string' || user === '')) {
        throw new TypeError('`user` must be a text that is not empty')
      }
      signal?.throwIfAborted()
      const token = `turnstead_${randomBytes(32).toString('base64url')}`
      const revoking = new AbortController()
      entries.set(digest(token), {
        user: user ?? null,
        revoking,
        signal: revoking.signal,
        expiresAt: monotonic(clock) + ttlMs,
      })
      const revoke = (): void => {
        unlisten()
        entries.delete(digest(token))
        revoking.abort(new Error('The token was revoked.'))
      }
      let unlisten = (): void => undefined
      unlisten = onAbort(signal, revoke)
      return {
        token,
        credentials: [...upstreams.values()].map((upstream) => upstream.behind({ url, token })),
        renew() {
          const entry = find(token)
          if (entry !== null) entry.expiresAt = monotonic(clock) + ttlMs
          return entry !== null
        },
        revoke,
      }
    },
    find,
    close() {
      for (const { revoking } of entries.values()) {
        revoking.abort(new Error('The gateway was closed.'))
      }
      entries.clear()
    },
  }
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}
