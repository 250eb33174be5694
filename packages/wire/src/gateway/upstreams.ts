import type { ProviderCredentials } from '../providers/credentials.js'

/** A provider as the gateway reaches it. */
export interface Upstream {
  /** Its name in model names. */
  readonly id: string
  /** Address with the version, without a slash at its end. */
  readonly baseUrl: string
  /** With the key. */
  readonly headers: Readonly<Record<string, string>>
  /** The key itself, to keep it out of what is passed on. */
  readonly apiKey: string | null
  /** What may be called below the address; everything else of the provider's stays out of reach. */
  readonly operations: ReadonlySet<string>
  /** The same provider, for a server that reaches it through a gateway. */
  behind(gateway: { readonly url: string; readonly token: string }): ProviderCredentials
}

const openaiOperations: ReadonlySet<string> = new Set(['chat/completions', 'responses'])

/** @throws TypeError for two of the same name, and for an address that is none. */
export function toUpstreams(
  given: ProviderCredentials | readonly ProviderCredentials[],
): ReadonlyMap<string, Upstream> {
  const upstreams = new Map<string, Upstream>()
  for (const credentials of [given].flat()) {
    const upstream = toUpstream(credentials)
    if (!URL.canParse(upstream.baseUrl)) {
      throw new TypeError(`\`baseUrl\` of the ${upstream.id} credentials is not a URL`)
    }
    if (upstreams.has(upstream.id)) throw new TypeError(`${upstream.id} has two credentials`)
    upstreams.set(upstream.id, upstream)
  }
  if (upstreams.size === 0) throw new TypeError('`credentials` is empty')
  return upstreams
}

function toUpstream(credentials: ProviderCredentials): Upstream {
  switch (credentials.provider) {
    case 'anthropic': {
      const { apiKey, baseUrl = 'https://api.anthropic.com/v1' } = credentials
      return {
        id: 'anthropic',
        baseUrl: trimmed(baseUrl),
        headers: { 'x-api-key': assertKey('anthropic', apiKey) },
        apiKey,
        operations: new Set(['messages']),
        behind: ({ url, token }) => ({
          ...credentials,
          apiKey: token,
          baseUrl: addressOf(url, 'anthropic'),
        }),
      }
    }
    case 'openai': {
      const { apiKey, baseUrl = 'https://api.openai.com/v1' } = credentials
      return {
        ...bearer('openai', baseUrl, assertKey('openai', apiKey)),
        behind: ({ url, token }) => ({
          ...credentials,
          apiKey: token,
          baseUrl: addressOf(url, 'openai'),
        }),
      }
    }
    case 'cloudflare-workers-ai': {
      const { provider: id, accountId, apiKey, model = '' } = credentials
      const account = encodeURIComponent(accountId)
      const baseUrl = `https://api.cloudflare.com/client/v4/accounts/${account}/ai/v1`
      if (model === '')
        throw new TypeError(`the ${id} credentials need a \`model\` behind a gateway`)
      return compatible(bearer(id, baseUrl, assertKey(id, apiKey)), model)
    }
    case 'openai-compatible': {
      const { id = 'openai-compatible', baseUrl, apiKey = null, model } = credentials
      return compatible(bearer(id, baseUrl, apiKey), model)
    }
  }
}

function bearer(id: string, baseUrl: string, apiKey: string | null): Omit<Upstream, 'behind'> {
  return {
    id,
    baseUrl: trimmed(baseUrl),
    headers: apiKey === null ? {} : { authorization: `Bearer ${apiKey}` },
    apiKey,
    operations: openaiOperations,
  }
}

function compatible(upstream: Omit<Upstream, 'behind'>, model: string): Upstream {
  const { id } = upstream
  return {
    ...upstream,
    behind: ({ url, token }) => ({
      provider: 'openai-compatible',
      id,
      model,
      apiKey: token,
      baseUrl: addressOf(url, id),
    }),
  }
}

function addressOf(url: string, id: string): string {
  return `${url}/${encodeURIComponent(id)}`
}

function assertKey(id: string, apiKey: string): string {
  if (typeof apiKey !== 'string' || apiKey === '') {
    throw new TypeError(`the ${id} credentials have no \`apiKey\``)
  }
  return apiKey
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, '')
}
