/** Names under which {@link scriptedConfig} knows the scripted model. */
export const scriptedProvider = 'scripted'

interface ModelEntry {
  readonly name: string
  readonly reasoning?: boolean
  readonly limit: { readonly context: number; readonly output: number }
  readonly cost: { readonly input: number; readonly output: number }
}

const entry = (name: string, more: Partial<ModelEntry> = {}): ModelEntry => ({
  name,
  limit: { context: 200_000, output: 8_192 },
  cost: { input: 1, output: 2 },
  ...more,
})

/**
 * The server's configuration for a scripted model: provider `scripted` with the models `standard` (the default),
 * `title` (for titles), `think` (reasoning), `small` (a context of 20,000 tokens) and `gpt-5-scripted` (which is
 * offered `apply_patch` in place of `edit` and `write`). A price makes costs visible: 1 and 2 dollars a million tokens.
 */
export function scriptedConfig(modelUrl: string): Record<string, unknown> {
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
        options: { apiKey: 'none', baseURL: modelUrl },
        models: {
          standard: entry('standard'),
          title: entry('title'),
          think: entry('think', { reasoning: true }),
          small: entry('small', { limit: { context: 20_000, output: 1_000 } }),
          'gpt-5-scripted': entry('gpt-5-scripted'),
        },
      },
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
