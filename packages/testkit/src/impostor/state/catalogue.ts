import { agentsOf } from './agents.js'
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
      attachment: id === 'vision',
      interleaved: false,
      reasoning: id === 'think',
      temperature: false,
      toolcall: true,
      input: id === 'vision' ? { ...textOnly, image: true, pdf: true } : textOnly,
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

/** What an agent of the configuration does not say. */
const unset = {
  color: null,
  prompt: null,
  hidden: null,
  steps: null,
  temperature: null,
  topP: null,
  variant: null,
}

/** The agents as the server shows them. */
export function listAgents(world: World): readonly Json[] {
  return agentsOf(world).map((each) => ({
    name: each.name,
    mode: each.mode,
    native: each.isNative,
    ...(each.isHidden ? { hidden: true } : {}),
    ...(each.description === null ? {} : { description: each.description }),
    ...(each.name === 'title' ? { temperature: 0.5 } : {}),
    permission: each.rules,
    options: {},
    ...(each.isNative ? {} : unset),
    ...(each.isHidden && !each.isNative ? { hidden: true } : {}),
    ...each.settings,
    ...(each.model === null ? {} : { model: each.model }),
  }))
}
