import { ok, type Call, type Outcome } from '../http/outcome.js'
import { toRoutes, type Route } from '../http/router.js'
import { listProviders } from '../state/catalogue.js'
import { toDirectory } from '../state/directories.js'
import { projectOf } from '../state/sessions.js'
import { worktreeOf } from '../state/world.js'

/** Where an answer of the newer endpoints is about: they have another word for it than `directory`. */
function location({ headers, query, world }: Call): unknown {
  const header = headers['x-opencode-directory']
  const given = query.get('location[directory]') ?? (typeof header === 'string' ? header : '')
  const directory = toDirectory(world, given)
  const project = { id: projectOf(world, directory), directory: worktreeOf(world, directory) }
  return { directory, project }
}

const located =
  (data: (call: Call) => unknown) =>
  (call: Call): Outcome =>
    ok({ location: location(call), data: data(call) })

/** What a server offers, as clients read it when they start; there is only what a script can use. */
export const catalogueRoutes: readonly Route[] = toRoutes({
  'GET /provider': ({ world }) => {
    const { modelId, providerId } = world.settings
    return ok({
      all: listProviders(world),
      default: { [providerId]: modelId },
      connected: [providerId],
    })
  },
  'GET /provider/auth': () => ok({}),
  'GET /skill': () => ok([]),
  'GET /experimental/capabilities': ({ world }) =>
    ok({ backgroundSubagents: world.settings.experimental.backgroundSubagents }),
  'GET /experimental/console': () => ok({ consoleManagedProviders: [], switchableOrgCount: 0 }),
  'GET /experimental/resource': () => ok({}),
  'GET /experimental/workspace': () => ok([]),
  'GET /experimental/workspace/status': () => ok([]),
  'GET /experimental/worktree': () => ok([]),
  'GET /experimental/workspace/adapter': () =>
    ok([{ type: 'worktree', name: 'Worktree', description: 'Create a git worktree' }]),
  'GET /experimental/tool/ids': () =>
    ok([
      'invalid',
      'question',
      'bash',
      'read',
      'glob',
      'grep',
      'edit',
      'write',
      'task',
      'webfetch',
      'todowrite',
      'websearch',
      'skill',
      'apply_patch',
    ]),
  'GET /api/location': (call) => ok(location(call)),
  'GET /api/agent': located(() => []),
  'GET /api/command': located(() => []),
  'GET /api/integration': located(() => []),
  'GET /api/reference': located(() => []),
  'GET /api/skill': located(() => []),
  'GET /api/permission/request': located(() => []),
  'GET /api/question/request': located(() => []),
  'GET /api/pty': located(() => []),
  'GET /api/model': located(() => []),
  'GET /api/provider': located(({ world }) => [
    { id: world.settings.providerId, name: 'Scripted' },
  ]),
})
