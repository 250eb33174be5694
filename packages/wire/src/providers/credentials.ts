/** What gives access to one model provider. */
export type ProviderCredentials =
  | {
      /** Anthropic. */
      readonly provider: 'anthropic'
      readonly apiKey: string
      /** Another address of the same API, such as a gateway. */
      readonly baseUrl?: string
      /** Model id without the provider's name. Default {@link defaultModels}. */
      readonly model?: string
    }
  | {
      /** OpenAI. */
      readonly provider: 'openai'
      readonly apiKey: string
      /** Another address of the same API, such as a gateway. */
      readonly baseUrl?: string
      /** Model id without the provider's name. Default {@link defaultModels}. */
      readonly model?: string
    }
  | {
      /** Cloudflare Workers AI. */
      readonly provider: 'cloudflare-workers-ai'
      readonly accountId: string
      readonly apiKey: string
      /** Model id without the provider's name. Default {@link defaultModels}. */
      readonly model?: string
    }
  | {
      /** Anything that speaks OpenAI's chat completions: vLLM, Ollama, LiteLLM, a gateway … */
      readonly provider: 'openai-compatible'
      /** Address including the version, such as `http://127.0.0.1:8000/v1`. */
      readonly baseUrl: string
      /** Leave out where none is needed. */
      readonly apiKey?: string
      /** Model id as that endpoint knows it. */
      readonly model: string
      /** Name of the provider in model names and replies. Default `openai-compatible`. */
      readonly id?: string
    }

/** What is used where no model is named. They are what the recorded server version knows. */
export const defaultModels: Readonly<
  Record<'anthropic' | 'openai' | 'cloudflare-workers-ai', string>
> = {
  anthropic: 'claude-sonnet-4-6',
  openai: 'gpt-5.6',
  'cloudflare-workers-ai': '@cf/moonshotai/kimi-k2.6',
}

/** One provider's share of the server's configuration and environment. */
export interface ProviderSettings {
  readonly id: string
  /** Model name with the provider's in front. */
  readonly model: string
  /** May still hold keys. */
  readonly config: Record<string, unknown>
  readonly env: Record<string, string>
}

/** Translates credentials for the server. */
export function toSettings(credentials: ProviderCredentials): ProviderSettings {
  const { provider } = credentials
  switch (provider) {
    case 'anthropic':
      return keyed(provider, { ANTHROPIC_API_KEY: credentials.apiKey }, credentials)
    case 'openai':
      return keyed(provider, { OPENAI_API_KEY: credentials.apiKey }, credentials)
    case 'cloudflare-workers-ai': {
      const { accountId, apiKey } = credentials
      const env = { CLOUDFLARE_ACCOUNT_ID: accountId, CLOUDFLARE_API_KEY: apiKey }
      return keyed(provider, env, credentials)
    }
    case 'openai-compatible':
      return compatible(credentials)
  }
}

function keyed(
  id: keyof typeof defaultModels,
  env: Record<string, string>,
  options: { baseUrl?: string; model?: string },
): ProviderSettings {
  for (const [name, value] of Object.entries(env)) {
    if (value === '') throw new TypeError(`the ${id} credentials have no ${name}`)
  }
  const { baseUrl, model } = options
  const block = baseUrl === undefined ? {} : { [id]: { options: { baseURL: baseUrl } } }
  return { id, model: `${id}/${model ?? defaultModels[id]}`, config: { provider: block }, env }
}

function compatible(
  credentials: Extract<ProviderCredentials, { provider: 'openai-compatible' }>,
): ProviderSettings {
  const { baseUrl, apiKey, model, id = 'openai-compatible' } = credentials
  if (!URL.canParse(baseUrl)) throw new TypeError('`baseUrl` of the credentials is not a URL')
  if (model === '') throw new TypeError('`model` of the credentials is empty')
  const block = {
    npm: '@ai-sdk/openai-compatible',
    name: id,
    // Not as OPENAI_API_KEY: the server would then offer OpenAI itself, and send this key there.
    options: { baseURL: baseUrl, ...(apiKey === undefined ? {} : { apiKey }) },
    models: { [model]: { name: model } },
  }
  return {
    id,
    model: `${id}/${model}`,
    config: { provider: { [id]: block } },
    env: {},
  }
}

type Env = Readonly<Record<string, string | undefined>>

/** Every provider for which the environment holds what is needed, in a fixed order. */
export function credentialsFromEnv(env: Env): ProviderCredentials[] {
  return [fromAnthropic(env), fromOpenai(env), fromCloudflare(env)].filter(
    (found) => found !== null,
  )
}

function fromAnthropic(env: Env): ProviderCredentials | null {
  const apiKey = filled(env, 'ANTHROPIC_API_KEY')
  if (apiKey === undefined) return null
  const baseUrl = filled(env, 'ANTHROPIC_BASE_URL')
  return { provider: 'anthropic', apiKey, ...(baseUrl === undefined ? {} : { baseUrl }) }
}

function fromOpenai(env: Env): ProviderCredentials | null {
  const apiKey = filled(env, 'OPENAI_API_KEY')
  const baseUrl = filled(env, 'OPENAI_BASE_URL')
  const model = filled(env, 'OPENAI_MODEL')
  const named = model === undefined ? {} : { model }
  if (baseUrl === undefined || isOpenai(baseUrl)) {
    return apiKey === undefined ? null : { provider: 'openai', apiKey, ...named }
  }
  if (model === undefined) {
    throw new TypeError(
      'OPENAI_BASE_URL is set, but no model; set OPENAI_MODEL to one that it serves',
    )
  }
  return {
    provider: 'openai-compatible',
    baseUrl,
    model,
    ...(apiKey === undefined ? {} : { apiKey }),
  }
}

function isOpenai(baseUrl: string): boolean {
  return URL.canParse(baseUrl) && new URL(baseUrl).hostname === 'api.openai.com'
}

function fromCloudflare(env: Env): ProviderCredentials | null {
  const accountId = filled(env, 'CLOUDFLARE_ACCOUNT_ID')
  const apiKey = filled(env, 'CLOUDFLARE_API_KEY')
  if (accountId === undefined || apiKey === undefined) return null
  return { provider: 'cloudflare-workers-ai', accountId, apiKey }
}

function filled(env: Env, name: string): string | undefined {
  const value = env[name]?.trim()
  return value === '' ? undefined : value
}
