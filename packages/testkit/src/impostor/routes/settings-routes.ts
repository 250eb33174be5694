import { ok, Refusal, type Call, type Outcome } from '../http/outcome.js'
import { toRoutes, type Route } from '../http/router.js'
import { asRecord, type Json } from '../state/records.js'
import { projectOf } from '../state/sessions.js'
import { worktreeOf } from '../state/world.js'

/** The project of a directory, as it was when the directory was loaded. */
function projectHere({ directory, world }: Call): Json {
  const stamp = world.identity.stamp()
  const id = projectOf(world, directory)
  return {
    id,
    worktree: worktreeOf(world, directory),
    ...(world.settings.git ? { vcs: 'git' } : {}),
    time: { created: stamp, updated: stamp },
    sandboxes: [],
  }
}

/** The project with what a person has called it since. */
function projectNow(call: Call): Json {
  const project = projectHere(call)
  return { ...project, ...call.world.projectSettings.get(String(project['id'])) }
}

function patchProject(call: Call): Outcome {
  const { body, params, world } = call
  const { projectID = '' } = params
  if (projectID !== projectOf(world, call.directory)) {
    const message = `Project not found: ${projectID}`
    throw new Refusal({ status: 404, json: { _tag: 'ProjectNotFoundError', projectID, message } })
  }
  const known = world.projectSettings.get(projectID) ?? {}
  const icon = { ...asRecord(known['icon']), ...asRecord(body['icon']) }
  world.projectSettings.set(projectID, {
    ...known,
    ...body,
    ...(Object.keys(icon).length === 0 ? {} : { icon }),
  })
  const project = projectNow(call)
  world.bus.publish(call.directory, 'project.updated', project)
  return ok(project)
}

/** Endpoints that keep something for the server: credentials and log lines are taken and forgotten. */
export const settingsRoutes: readonly Route[] = toRoutes({
  'PUT /auth/:providerID': () => ok(true),
  'DELETE /auth/:providerID': () => ok(true),
  'POST /log': () => ok(true),
  'GET /project': (call) => ok([projectNow(call)]),
  'GET /project/current': (call) => ok(projectHere(call)),
  'PATCH /project/:projectID': patchProject,
  'GET /project/:projectID/directories': () => ok([]),
})
