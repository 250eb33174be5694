import { rulesOf, settlePermission, type PermissionAnswer } from '../state/asks.js'
import { askNotFound, ok, Refusal, type Call, type Outcome } from '../http/outcome.js'
import { toRoutes, type Route } from '../http/router.js'
import { actionFor } from '../state/permission-rules.js'
import { asRecord, type Json } from '../state/records.js'
import { sessionOf } from './session-routes.js'
import { agentRules } from '../state/agents.js'

function listPermissions(call: Call): Outcome {
  const here = [...call.world.asks.permissions.values()].filter(
    (each) => each.directory === call.directory,
  )
  const requests = here.map((each) => each.request)
  // An undefined value breaks the whole list, as a `webfetch` without a time-out or a `glob` without a path does.
  const broken = requests.findIndex((request) => {
    const metadata = request['metadata']
    return (
      typeof metadata === 'object' &&
      metadata !== null &&
      Object.values(metadata).includes(undefined)
    )
  })
  if (broken >= 0) {
    const metadata = asRecord(requests[broken]?.['metadata']) ?? {}
    const missing = Object.keys(metadata).find((key) => metadata[key] === undefined)
    throw new Refusal({
      status: 400,
      json: {
        name: 'BadRequest',
        data: {
          message: `Expected JSON value, got undefined\n  at [${broken}]["metadata"]["${missing}"]`,
          kind: 'Body',
        },
      },
    })
  }
  return ok(requests.map((request) => ('tool' in request ? request : { ...request, tool: null })))
}

function replyPermission(call: Call, id: string, answer: PermissionAnswer): Outcome {
  const { world } = call
  const pending = world.asks.permissions.get(id)
  if (!pending || pending.directory !== call.directory) throw askNotFound('Permission', id)
  const isAllowed = (request: Json): boolean => {
    const session = world.sessions.get(String(request['sessionID']))
    if (!session) return false
    const base = agentRules(world, session.info.agent ?? 'build')
    const rules = rulesOf(session, base, world.asks)
    const patterns: unknown = request['patterns']
    return (
      Array.isArray(patterns) &&
      patterns.every(
        (pattern) => actionFor(rules, String(request['permission']), String(pattern)) === 'allow',
      )
    )
  }
  const settled = settlePermission(world.asks, pending, answer, isAllowed)
  for (const { id: requestID, sessionID, reply } of settled) {
    world.bus.publish(pending.directory, 'permission.replied', { sessionID, requestID, reply })
  }
  return ok(true)
}

function toAnswer(reply: unknown, message: unknown): PermissionAnswer {
  const known = reply === 'always' || reply === 'reject' ? reply : 'once'
  return { reply: known, message: typeof message === 'string' && message !== '' ? message : null }
}

/** Endpoints for what waits for a person. */
export const askRoutes: readonly Route[] = toRoutes({
  'GET /permission': listPermissions,
  'POST /permission/:requestID/reply': (call) => {
    const { message, reply } = call.body
    return replyPermission(call, call.params['requestID'] ?? '', toAnswer(reply, message))
  },
  'POST /session/:sessionID/permissions/:permissionID': (call) => {
    const { permissionID = '' } = call.params
    sessionOf(call)
    return replyPermission(call, permissionID, toAnswer(call.body['response'], null))
  },
  'GET /question': (call) => {
    const here = [...call.world.asks.questions.values()].filter(
      (each) => each.directory === call.directory,
    )
    return ok(here.map((each) => each.request))
  },
  'POST /question/:requestID/reply': (call) => {
    const { requestID: id = '' } = call.params
    const pending = call.world.asks.questions.get(id)
    if (!pending || pending.directory !== call.directory) throw askNotFound('Question', id)
    const given: unknown = call.body['answers']
    const answers = (Array.isArray(given) ? given : []).map((labels: unknown) =>
      Array.isArray(labels) ? labels.map(String) : [],
    )
    call.world.asks.questions.delete(id)
    call.world.bus.publish(pending.directory, 'question.replied', {
      sessionID: pending.request.sessionID,
      requestID: id,
      answers,
    })
    pending.resolve(answers)
    return ok(true)
  },
  'POST /question/:requestID/reject': (call) => {
    const { requestID: id = '' } = call.params
    const pending = call.world.asks.questions.get(id)
    if (!pending || pending.directory !== call.directory) throw askNotFound('Question', id)
    call.world.asks.questions.delete(id)
    call.world.bus.publish(pending.directory, 'question.rejected', {
      sessionID: pending.request.sessionID,
      requestID: id,
    })
    pending.resolve(null)
    return ok(true)
  },
})
