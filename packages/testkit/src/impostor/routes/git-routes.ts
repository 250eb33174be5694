import { changesOf, type GitChange } from '../history/git-changes.js'
import { ok, type Call } from '../http/outcome.js'
import { toRoutes, type Route } from '../http/router.js'

function changes({ directory, world }: Call, context: number): readonly GitChange[] {
  return world.settings.git ? changesOf(world, directory, context) : []
}

/** Without another wish whole files are shown. */
function diff(call: Call): readonly GitChange[] {
  const { query } = call
  const context = query.get('context')
  return query.get('mode') === 'git'
    ? changes(call, context === null ? Infinity : Number(context))
    : []
}

/** What git knows, and then each file that it does not know. */
function rawDiff(call: Call): string {
  const all = changes(call, 3)
  const known = all.filter(({ status }) => status !== 'added').map(({ patch }) => patch)
  const added = all.filter(({ status }) => status === 'added').map(({ patch }) => patch)
  return [...(known.length === 0 ? [] : [known.join('')]), ...added].join('\n')
}

/** What has changed in the repository. There is only one branch. */
export const gitRoutes: readonly Route[] = toRoutes({
  'GET /vcs': ({ world }) => {
    const branch = world.settings.git ? 'main' : null
    return ok({ branch, default_branch: branch })
  },
  'GET /vcs/status': (call) => ok(changes(call, 0).map(({ patch: _patch, ...each }) => each)),
  'GET /vcs/diff': (call) => ok(diff(call)),
  'GET /vcs/diff/raw': (call) => ({
    status: 200,
    headers: { 'content-type': 'text/x-diff; charset=utf-8' },
    bytes: rawDiff(call),
  }),
})
