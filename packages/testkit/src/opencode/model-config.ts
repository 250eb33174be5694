/** Names under which {@link scriptedConfig} knows the scripted model. */
export const scriptedProvider = 'scripted'

/** Providers of the server's own that {@link scriptedConfig} can point at the scripted model. */
export type ScriptedProvider = 'openai' | 'anthropic'

interface ModelEntry {
  readonly name: string
  readonly reasoning?: boolean
  readonly attachment?: boolean
  readonly tool_call?: boolean
  readonly modalities?: { readonly input: readonly string[]; readonly output: readonly string[] }
  readonly limit: { readonly context: number; readonly output: number }
  readonly cost: { readonly input: number; readonly output: number }
}

const entry = (name: string, more: Partial<ModelEntry> = {}): ModelEntry => ({
  name,
  limit: { context: 200_000, output: 8_192 },
  cost: { input: 1, output: 2 },
  ...more,
})

/** Without `modalities` the server puts an error text in the place of every image. */
const seesImages: Partial<ModelEntry> = {
  attachment: true,
  modalities: { input: ['text', 'image', 'pdf'], output: ['text'] },
}

/** Only what stands here is offered of a provider whose models the server knows by itself. */
const only = (
  models: Readonly<Record<string, ModelEntry>>,
): { whitelist: readonly string[]; models: Readonly<Record<string, ModelEntry>> } => ({
  whitelist: Object.keys(models),
  models,
})

const known: Readonly<Record<ScriptedProvider, Readonly<Record<string, unknown>>>> = {
  openai: {
    npm: '@ai-sdk/openai',
    ...only({
      'gpt-5-scripted': entry('gpt-5-scripted', {
        ...seesImages,
        reasoning: true,
        tool_call: true,
      }),
    }),
  },
  anthropic: {
    npm: '@ai-sdk/anthropic',
    ...only({
      'claude-scripted': entry('claude-scripted', {
        ...seesImages,
        reasoning: true,
        tool_call: true,
      }),
    }),
  },
}

/**
 * The server's configuration for a scripted model: provider `scripted` with the models `standard` (the default),
 * `title` (for titles), `think` (reasoning), `vision` (images and PDF files), `small` (a context of 20,000 tokens) and
 * `gpt-5-scripted` (which is offered `apply_patch` in place of `edit` and `write`). A price makes costs visible: 1 and 2
 * dollars a million tokens. `providers` adds `openai/gpt-5-scripted`, asked by the responses API, and
 * `anthropic/claude-scripted`, asked by Anthropic's.
 */
export function scriptedConfig(
  modelUrl: string,
  providers: readonly ScriptedProvider[] = [],
): Record<string, unknown> {
  const options = { apiKey: 'none', baseURL: modelUrl }
  return {
    $schema: 'https://opencode.ai/config.json',
    model: `${scriptedProvider}/standard`,
    small_model: `${scriptedProvider}/title`,
    share: 'disabled',
    autoupdate: false,
    lsp: false,
    provider: {
      [scriptedProvider]: {
        name: 'Scripted',
        npm: '@ai-sdk/openai-compatible',
        options,
        models: {
          standard: entry('standard'),
          title: entry('title'),
          think: entry('think', { reasoning: true }),
          vision: entry('vision', seesImages),
          small: entry('small', { limit: { context: 20_000, output: 1_000 } }),
          'gpt-5-scripted': entry('gpt-5-scripted'),
        },
      },
      ...Object.fromEntries(providers.map((name) => [name, { ...known[name], options }])),
    },
  }
}

/** Lays `over` on `base`, object by object; arrays and plain values replace. */
export function mergeConfig(
  base: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const existing = merged[key]
    merged[key] = isRecord(existing) && isRecord(value) ? mergeConfig(existing, value) : value
  }
  return merged
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
