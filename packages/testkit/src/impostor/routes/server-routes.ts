import { commandsOf, showCommand } from '../agent/commands.js'
import { listAgents, listProviders, showConfig } from '../state/catalogue.js'
import { ok } from '../http/outcome.js'
import { toRoutes, type Route } from '../http/router.js'
import { disposeAll, disposeDirectory } from '../state/dispose.js'
import { worktreeOf } from '../state/world.js'

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
  'GET /config': (call) => ok(showConfig(call.world)),
  'GET /config/providers': (call) => {
    const { providerId, modelId } = call.world.settings
    return ok({ providers: listProviders(call.world), default: { [providerId]: modelId } })
  },
  'GET /agent': (call) => ok(listAgents(call.world)),
  'GET /command': (call) => ok(commandsOf(call.world).map(showCommand)),
  'GET /lsp': () => ok([]),
  'GET /formatter': () => ok([]),
  'POST /global/dispose': async ({ world }) => {
    await disposeAll(world)
    return ok(true)
  },
  'POST /instance/dispose': async (call) => {
    await disposeDirectory(call.world, call.directory)
    return ok(true)
  },
})
