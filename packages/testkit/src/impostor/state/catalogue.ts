import { builtInRules } from './permission-rules.js'
import type { Json } from './records.js'
import type { World } from './world.js'

const textOnly = { audio: false, image: false, pdf: false, text: true, video: false }

/** The one provider that Impostor has; the real server also lists its own catalogue. */
export function listProviders(world: World): readonly Json[] {
  const { providerId, modelId, models, price } = world.settings
  const entry = (id: string): Json => ({
    id,
    providerID: providerId,
    name: id,
    family: '',
    release_date: '',
    status: 'active',
    api: { id, npm: '@ai-sdk/openai-compatible', url: '' },
    capabilities: {
      attachment: false,
      interleaved: false,
      reasoning: false,
      temperature: false,
      toolcall: true,
      input: textOnly,
      output: textOnly,
    },
    cost: { ...price, cache: { read: 0, write: 0 } },
    limit: { context: 200_000, output: 8_192 },
    options: {},
    headers: {},
    variants: {},
  })
  const entries = [modelId, ...models].map((id) => [id, entry(id)])
  const known = Object.fromEntries(entries)
  return [
    { id: providerId, name: 'Scripted', source: 'config', env: [], options: {}, models: known },
  ]
}

/** The configuration that the server shows. */
export function showConfig(world: World): Json {
  const { providerId, modelId, config } = world.settings
  return {
    $schema: 'https://opencode.ai/config.json',
    agent: {},
    autoupdate: false,
    command: {},
    mode: {},
    model: `${providerId}/${modelId}`,
    plugin: [],
    share: 'disabled',
    small_model: `${providerId}/title`,
    username: 'unknown',
    ...config,
  }
}

const described: Readonly<Record<string, string>> = {
  build: 'The default agent. Executes tools based on configured permissions.',
  explore:
    'Fast agent specialized for exploring codebases. Use this when you need to quickly find files by patterns (eg. "src/components/**/*.tsx"), search code for keywords (eg. "API endpoints"), or answer questions about the codebase (eg. "how do API endpoints work?"). When calling this agent, specify the desired thoroughness level: "quick" for basic searches, "medium" for moderate exploration, or "very thorough" for comprehensive analysis across multiple locations and naming conventions.',
  general:
    'General-purpose agent for researching complex questions and executing multi-step tasks. Use this agent to execute multiple units of work in parallel.',
  plan: 'Plan mode. Disallows all edit tools.',
}

/** The built-in agents. */
export function listAgents(): readonly Json[] {
  return ['build', 'compaction', 'explore', 'general', 'plan', 'summary', 'title'].map((name) => ({
    name,
    mode: name === 'explore' || name === 'general' ? 'subagent' : 'primary',
    native: true,
    ...(described[name] === undefined ? { hidden: true } : { description: described[name] }),
    ...(name === 'title' ? { temperature: 0.5 } : {}),
    permission: builtInRules,
    options: {},
  }))
}
