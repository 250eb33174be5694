import { credentialsFromEnv, toSettings, type ProviderCredentials } from './credentials.js'
import { isObject, mergeConfig, type ConfigObject } from './merge-config.js'
import { headlessPermissions, permissionConfig } from './permission-rules.js'
import { createSecretEnv, moveSecretsToEnv } from './secret-env.js'

/** What {@link detectProvider} takes beside the environment. */
export interface DetectOptions {
  /** Credentials that are used instead of the environment's; the first is the default provider. */
  readonly credentials?: ProviderCredentials | readonly ProviderCredentials[]
  /** Your own server configuration; it wins over everything found here. Its secrets are moved into `env`. */
  readonly config?: ConfigObject
}

/** A model provider, ready for `startServer({ config, env })`. */
export interface DetectedProvider {
  /** Server configuration without any secret in it: it may be printed. */
  readonly config: Record<string, unknown>
  /** The model that prompts use where they name none, as `provider/model`. */
  readonly model: string
  /** Environment for the server, with the keys. Printing it does not show them; spreading it does copy them. */
  readonly env: Record<string, string>
  /** Where the credentials came from. */
  readonly source: 'explicit' | 'environment'
  /** Names of the providers, the default one first. */
  readonly providers: readonly string[]
}

/**
 * Finds out which model provider to use: explicit credentials first, else what the environment holds for
 * Anthropic, OpenAI (or, with `OPENAI_BASE_URL` and `OPENAI_MODEL`, anything compatible) and Cloudflare Workers AI.
 * Only providers that were found are switched on, so no prompt goes to another one. Null when there is none.
 *
 * @throws TypeError for credentials that are incomplete.
 *
 * @example
 * const provider = detectProvider(process.env)
 * const server = await startServer({ config: provider?.config ?? {}, env: provider?.env ?? {} })
 */
export function detectProvider(
  env: Readonly<Record<string, string | undefined>>,
  options: DetectOptions = {},
): DetectedProvider | null {
  const explicit = options.credentials === undefined ? [] : [options.credentials].flat()
  const credentials = explicit.length > 0 ? explicit : credentialsFromEnv(env)
  const userConfig = mergeConfig(options.config ?? {})
  const wanted = typeof userConfig['model'] === 'string' ? userConfig['model'] : null
  const settings = credentials
    .map(toSettings)
    .toSorted((a, b) => Number(owns(b.id, wanted)) - Number(owns(a.id, wanted)))
  const [first] = settings
  if (first === undefined) return null

  const providers = settings.map(({ id }) => id)
  const merged = mergeConfig(
    ...settings.map(({ config }) => config),
    headlessConfig(wanted ?? first.model, providers, userConfig),
    userConfig,
  )
  const permission = mergePermissions(userConfig['permission'])
  const hidden = moveSecretsToEnv({ ...merged, permission })
  const keys = Object.assign({}, ...settings.map(({ env: own }) => own), hidden.env)
  return {
    config: hidden.config,
    model: wanted ?? first.model,
    env: createSecretEnv(keys),
    source: explicit.length > 0 ? 'explicit' : 'environment',
    providers,
  }
}

function owns(id: string, model: string | null): boolean {
  return model?.startsWith(`${id}/`) ?? false
}

/** The server always offers a public provider of its own, and would use it for titles. */
function headlessConfig(
  model: string,
  providers: readonly string[],
  userConfig: ConfigObject,
): ConfigObject {
  const own = isObject(userConfig['provider']) ? Object.keys(userConfig['provider']) : []
  const ofModel = model.slice(0, model.indexOf('/'))
  return {
    model,
    autoupdate: false,
    share: 'disabled',
    enabled_providers: [...new Set([...providers, ...own, ofModel])],
  }
}

/** The user's rules come after the defaults, where they win; a rule for everything replaces them all. */
function mergePermissions(user: unknown): unknown {
  if (user === undefined) return permissionConfig(headlessPermissions)
  if (!isObject(user) || '*' in user) return user
  const merged: Record<string, unknown> = { ...permissionConfig(headlessPermissions) }
  for (const [name, rule] of Object.entries(user)) {
    const before = merged[name]
    // Patterns are exceptions: for what they leave out the default holds, and not the rule for everything.
    const isException = isObject(rule) && !('*' in rule) && typeof before === 'string'
    // Deleted first, to come after the defaults.
    delete merged[name]
    merged[name] = isException ? { '*': before, ...rule } : rule
  }
  return merged
}
