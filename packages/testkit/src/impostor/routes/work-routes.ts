import { isKnownModel } from '../agent/chosen-model.js'
import { sessionIdOf, textOf } from '../http/body.js'
import { busy, ok, unexpected, type Call, type Outcome } from '../http/outcome.js'
import { toRoutes, type Route } from '../http/router.js'
import { showMessage, type SessionRecord } from '../state/records.js'
import { revertSession, unrevertSession } from '../agent/revert.js'
import { runShell } from '../agent/shell.js'
import { startCompaction, writeSummary } from '../agent/summarize.js'
import { setStatus, tellError } from '../state/world.js'
import { sessionOf } from './session-routes.js'

function idleSession(call: Call): SessionRecord {
  const session = sessionOf(call)
  if (session.run) throw busy(session.info.id)
  return session
}

function summarize(call: Call): Outcome {
  sessionIdOf(call)
  const { body } = call
  const session = idleSession(call)
  const model = { providerID: String(body['providerID']), modelID: String(body['modelID']) }
  const user = startCompaction(call.world, session, model, body['auto'] === true)
  const stored = session.messages.get(user.id)
  if (!stored || !isKnownModel(call.world, stored)) {
    const message = `Model not found: ${model.providerID}/${model.modelID}.`
    tellError(call.world, session, { name: 'UnknownError', data: { message } })
    setStatus(call.world, session, { type: 'idle' })
    throw unexpected(call.world)
  }
  return { status: 200, json: true, afterwards: writeSummary(call.world, session, user) }
}

function command(call: Call): Outcome {
  sessionIdOf(call)
  const { body } = call
  const session = sessionOf(call)
  const name = String(body['command'])
  const message = `Command not found: "${name}". Available commands: init, review, customize-opencode`
  tellError(call.world, session, { name: 'UnknownError', data: { message } })
  throw unexpected(call.world)
}

/** Endpoints that work on a whole session. */
export const workRoutes: readonly Route[] = toRoutes({
  'POST /session/:sessionID/revert': (call) => {
    sessionIdOf(call)
    const { body } = call
    const session = idleSession(call)
    revertSession(call.world, session, String(body['messageID']), textOf(call, 'partID'))
    return ok(session.info)
  },
  'POST /session/:sessionID/unrevert': (call) => {
    const session = idleSession(call)
    unrevertSession(call.world, session)
    return ok(session.info)
  },
  'POST /session/:sessionID/summarize': summarize,
  'POST /session/:sessionID/command': command,
  'POST /session/:sessionID/shell': (call) => {
    sessionIdOf(call)
    const { body } = call
    const session = idleSession(call)
    const message = runShell(call.world, session, {
      agent: String(body['agent']),
      command: String(body['command']),
    })
    return ok(showMessage(message))
  },
})
