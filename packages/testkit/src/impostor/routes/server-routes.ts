import { ok, type Call } from '../http/outcome.js'
import { toRoutes, type Route } from '../http/router.js'
import { disposeDirectory } from '../dispose.js'
import { projectOf } from '../sessions.js'
import { worktreeOf } from '../world.js'

function providers(call: Call): readonly unknown[] {
  const { providerId, modelId, models, price } = call.world.settings
  const entries = [modelId, ...models].map((id) => [
    id,
    {
      id,
      providerID: providerId,
      name: id,
      cost: { input: price.input, output: price.output, cache: { read: 0, write: 0 } },
      limit: { context: 200_000, output: 8_192 },
      status: 'active',
      options: {},
      headers: {},
    },
  ])
  return [
    {
      id: providerId,
      name: 'Scripted',
      source: 'config',
      env: [],
      options: {},
      models: Object.fromEntries(entries),
    },
  ]
}

const agents = [
  ['build', 'primary', 'The default agent. Executes tools based on configured permissions.'],
  ['plan', 'primary', 'Plan mode. Disallows all edit tools.'],
  [
    'general',
    'subagent',
    'General-purpose agent for researching complex questions and executing multi-step tasks.',
  ],
  ['explore', 'subagent', 'Fast agent specialized for exploring codebases.'],
  ['compaction', 'primary', undefined],
  ['title', 'primary', undefined],
  ['summary', 'primary', undefined],
] as const

/** Endpoints of the server itself. */
export const serverRoutes: readonly Route[] = toRoutes({
  'GET /global/health': (call) => ok({ healthy: true, version: call.world.settings.version }),
  'GET /api/health': () => ok({ healthy: true }),
  'GET /path': (call) => {
    const { directory, world } = call
    return ok({
      home: '/opencode-home',
      state: '/opencode-home/state/opencode',
      config: '/opencode-home/config/opencode',
      worktree: worktreeOf(world, directory),
      directory,
    })
  },
  'GET /config': (call) => ok(call.world.settings.config),
  'GET /config/providers': (call) => {
    const { providerId, modelId } = call.world.settings
    return ok({ providers: providers(call), default: { [providerId]: modelId } })
  },
  'GET /agent': () =>
    ok(
      agents.map(([name, mode, description]) => ({
        name,
        mode,
        native: true,
        ...(description === undefined ? { hidden: true } : { description }),
        permission: [],
        options: {},
      })),
    ),
  'GET /project/current': (call) => {
    const { directory, world } = call
    return ok({
      id: projectOf(world, directory),
      worktree: worktreeOf(world, directory),
      ...(world.settings.git ? { vcs: 'git' } : {}),
      time: { created: world.identity.stamp(), updated: world.identity.stamp() },
      sandboxes: [],
    })
  },
  'GET /command': () => ok([]),
  'POST /instance/dispose': async (call) => {
    await disposeDirectory(call.world, call.directory)
    return ok(true)
  },
})
