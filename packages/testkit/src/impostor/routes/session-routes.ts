import { sessionIdOf, textOf } from '../http/body.js'
import { notFound, ok, unexpected, type Call } from '../http/outcome.js'
import { abortTasks } from '../state/abort.js'
import { asRecord } from '../state/records.js'
import { toRoutes, type Route } from '../http/router.js'
import type { PermissionRule } from '../state/permission-rules.js'
import type { SessionRecord } from '../state/records.js'
import {
  childrenOf,
  createSession,
  deleteSession,
  forkSession,
  patchSession,
} from '../state/sessions.js'
import { listAllSessions, listSessions } from './listed-sessions.js'
import type { World } from '../state/world.js'
import { turnDiffs } from '../history/turn-diffs.js'

/** The session of a request; refuses as the server does. */
export function sessionOf(call: Call): SessionRecord {
  return sessionNamed(call.world, sessionIdOf(call))
}

/** The session of this id; refuses as the server does. */
export function sessionNamed(world: World, id: string): SessionRecord {
  const session = world.sessions.get(id)
  if (!session) throw notFound(`Session not found: ${id}`)
  return session
}

function isRule(value: unknown): value is PermissionRule {
  const rule = asRecord(value)
  return (
    rule !== null &&
    typeof rule['permission'] === 'string' &&
    typeof rule['pattern'] === 'string' &&
    ['allow', 'deny', 'ask'].includes(String(rule['action']))
  )
}

function toRules(value: unknown): readonly PermissionRule[] {
  return Array.isArray(value)
    ? value
        .filter(isRule)
        .map(({ permission, pattern, action }) => ({ permission, pattern, action }))
    : []
}

function create(call: Call): SessionRecord {
  const { body } = call
  const model = asRecord(body['model'])
  const metadata = asRecord(body['metadata'])
  return createSession(call.world, call.directory, {
    ...(body['title'] === undefined ? {} : { title: String(body['title']) }),
    ...(body['parentID'] === undefined ? {} : { parentID: String(body['parentID']) }),
    ...(body['agent'] === undefined ? {} : { agent: String(body['agent']) }),
    ...(model === null
      ? {}
      : {
          model: {
            id: String(model['id']),
            providerID: String(model['providerID']),
            ...(model['variant'] === undefined ? {} : { variant: String(model['variant']) }),
          },
        }),
    ...(metadata === null ? {} : { metadata }),
    ...(body['permission'] === undefined ? {} : { permission: toRules(body['permission']) }),
    ...(body['workspaceID'] === undefined ? {} : { workspaceID: String(body['workspaceID']) }),
  })
}

function patch(call: Call): SessionRecord {
  const { body } = call
  const session = sessionOf(call)
  const metadata = asRecord(body['metadata'])
  const archived = asRecord(body['time'])?.['archived']
  patchSession(call.world, session, {
    ...(body['title'] === undefined ? {} : { title: String(body['title']) }),
    ...(metadata === null ? {} : { metadata }),
    ...(body['permission'] === undefined ? {} : { permission: toRules(body['permission']) }),
    ...(typeof archived === 'number' ? { archived } : {}),
  })
  return session
}

/** Endpoints of sessions themselves. */
export const sessionRoutes: readonly Route[] = toRoutes({
  'POST /session': (call) => ok(create(call).info),
  'GET /session': (call) => ok(listSessions(call).map((session) => session.info)),
  'GET /experimental/session': listAllSessions,
  'GET /session/status': (call) => {
    const here = [...call.world.statuses].filter(([, each]) => each.directory === call.directory)
    return ok(Object.fromEntries(here.map(([id, each]) => [id, each.status])))
  },
  'GET /session/:sessionID': (call) => ok(sessionOf(call).info),
  'PATCH /session/:sessionID': (call) => ok(patch(call).info),
  'DELETE /session/:sessionID': async (call) => {
    const session = sessionOf(call)
    await abortTasks(call.world, session)
    deleteSession(call.world, session)
    return ok(true)
  },
  'GET /session/:sessionID/children': (call) =>
    ok(childrenOf(call.world, sessionOf(call).info.id).map((child) => child.info)),
  'GET /session/:sessionID/todo': (call) => ok(sessionOf(call).todos),
  'GET /session/:sessionID/diff': (call) => {
    const session = call.world.sessions.get(sessionIdOf(call))
    const messageId = call.query.get('messageID')
    return ok(session && messageId !== null ? turnDiffs(call.world, session, messageId) : [])
  },
  'POST /session/:sessionID/fork': (call) => {
    const before = textOf(call, 'messageID')
    const fork = forkSession(call.world, sessionOf(call), before)
    if (fork === null) throw unexpected(call.world)
    return ok(fork)
  },
  'POST /session/:sessionID/share': (call) => {
    sessionOf(call)
    throw unexpected(call.world)
  },
  'DELETE /session/:sessionID/share': (call) => {
    const session = sessionOf(call)
    session.info.time = { ...session.info.time, updated: call.world.identity.stamp() }
    call.world.bus.publish(session.info.directory, 'session.updated', {
      sessionID: session.info.id,
      info: session.info,
    })
    return ok(session.info)
  },
})
