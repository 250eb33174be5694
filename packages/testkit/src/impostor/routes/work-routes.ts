import { realTime } from '../../real-time.js'
import { runSession } from '../agent/agent-loop.js'
import { startCompaction } from '../agent/compact.js'
import { isConfigured } from '../agent/chosen-model.js'
import { commandNames, commandsOf, fillTemplate, partsOf, readModel } from '../agent/commands.js'
import { flawOfFiles } from '../history/expand-parts.js'
import { modelOf, storePrompt } from '../history/prompts.js'
import { agentNames, agentOf, defaultAgent } from '../state/agents.js'
import { sessionIdOf, textOf } from '../http/body.js'
import { busy, ok, plainBadRequest, unexpected, type Call, type Outcome } from '../http/outcome.js'
import { toRoutes, type Route } from '../http/router.js'
import {
  asRecord,
  showMessage,
  type Json,
  type MessageRecord,
  type SessionRecord,
} from '../state/records.js'
import { revertSession, unrevertSession } from '../history/revert.js'
import { runShell } from '../agent/shell.js'
import { setStatus, tellError } from '../state/world.js'
import { sessionOf } from './session-routes.js'

function idleSession(call: Call): SessionRecord {
  const session = sessionOf(call)
  if (session.run) throw busy(session.info.id)
  return session
}

/** Joins the run that is on when there is one, which then finds what it was asked for. */
async function summarize(call: Call): Promise<Outcome> {
  sessionIdOf(call)
  const { body, world } = call
  const session = sessionOf(call)
  const model = { providerID: String(body['providerID']), modelID: String(body['modelID']) }
  startCompaction(world, session, model, { auto: body['auto'] === true })
  const last = await runSession(world, session).catch(() => null)
  if (!last) throw unexpected(world)
  return ok(true)
}

/** Runs a command as a prompt, or as a subtask of one; tells of it once it is over. */
async function runCommand(
  call: Call,
  session: SessionRecord,
  input: { readonly name: string; readonly given: string; readonly body: Json },
): Promise<MessageRecord> {
  const { world } = call
  const refuse = (message: string): Error => {
    tellError(world, session, { name: 'UnknownError', data: { message } })
    return unexpected(world)
  }
  const found = commandsOf(world).find((each) => each.name === input.name)
  if (!found) {
    const names = commandNames(world).join(', ')
    throw refuse(`Command not found: "${input.name}". Available commands: ${names}`)
  }
  const text = (name: string): string | null =>
    typeof input.body[name] === 'string' ? input.body[name] : null
  const wanted = found.agent ?? text('agent')
  const asked = wanted ?? defaultAgent(world)
  const agent = agentOf(world, asked)
  if (agent === null) {
    const names = agentNames(world).join(', ')
    throw refuse(`Agent not found: "${asked}". Available agents: ${names}`)
  }
  const own = text('model')
  const model =
    (found.model === null ? null : readModel(found.model)) ??
    (found.agent === null ? null : agent.model) ??
    (own === null ? modelOf(world, session) : readModel(own))
  if (!isConfigured(world, model))
    throw refuse(`Model not found: ${model.providerID}/${model.modelID}.`)
  const prompt = fillTemplate(found.template, input.given)
  const given: unknown = input.body['parts']
  const files = (Array.isArray(given) ? given : []).map(
    (part: unknown): Json => asRecord(part) ?? {},
  )
  const isSubtask = found.subtask ?? agent.mode === 'subagent'
  const subtask = {
    type: 'subtask',
    agent: agent.name,
    description: found.description ?? '',
    command: found.name,
    model,
    prompt,
  }
  const sent = new Set(files.map((part) => part['url']))
  const named = partsOf(world, session.info.directory, prompt).filter(
    (part) => part['type'] !== 'file' || !sent.has(part['url']),
  )
  const parts = isSubtask ? [subtask] : [...named, ...files]
  const flaw = flawOfFiles(world, parts)
  if (flaw) throw flaw.isBadRequest ? plainBadRequest() : unexpected(world)
  const messageID = text('messageID')
  storePrompt(world, session, {
    parts,
    agent: isSubtask ? (text('agent') ?? defaultAgent(world)) : agent.name,
    model: isSubtask ? (own === null ? modelOf(world, session) : readModel(own)) : model,
    ...(messageID === null ? {} : { messageID }),
  })
  const last = await runSession(world, session).catch(() => null)
  if (!last) throw unexpected(world)
  // The server tells of a command when its session has turned idle.
  realTime.setImmediate(() => {
    realTime.setImmediate(() => {
      world.bus.publish(session.info.directory, 'command.executed', {
        name: found.name,
        sessionID: session.info.id,
        arguments: input.given,
        messageID: last.info.id,
      })
    })
  })
  return last
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
  'POST /experimental/session/:sessionID/background': ({ params, world }) => {
    const jobs = [...world.jobs.values()].filter(
      ({ parentId, promote }) => parentId === params['sessionID'] && promote !== null,
    )
    if (!world.settings.experimental.backgroundSubagents) return ok(false)
    for (const job of jobs) job.promote?.()
    return ok(jobs.length > 0)
  },
  'POST /session/:sessionID/summarize': summarize,
  'POST /session/:sessionID/command': async (call) => {
    const { body } = call
    const { arguments: given, command } = body
    const input = { name: String(command), given: String(given), body }
    return ok(showMessage(await runCommand(call, sessionOf(call), input)))
  },
  'POST /session/:sessionID/init': async (call) => {
    const { messageID, modelID, providerID } = call.body
    const body = { messageID, model: `${String(providerID)}/${String(modelID)}` }
    await runCommand(call, sessionOf(call), { name: 'init', given: '', body })
    return ok(true)
  },
  'POST /session/:sessionID/shell': (call) => {
    sessionIdOf(call)
    const { body } = call
    const session = idleSession(call)
    const agent = String(body['agent'])
    if (agentOf(call.world, agent) === null) {
      const names = agentNames(call.world).join(', ')
      const message = `Agent not found: "${agent}". Available agents: ${names}`
      setStatus(call.world, session, { type: 'busy' })
      tellError(call.world, session, { name: 'UnknownError', data: { message } })
      setStatus(call.world, session, { type: 'idle' })
      throw unexpected(call.world)
    }
    const message = runShell(call.world, session, {
      agent,
      command: String(body['command']),
      model: body['model'] as { providerID: string; modelID: string } | undefined,
      messageId: body['messageID'] as string | undefined,
    })
    if (!message) throw unexpected(call.world)
    return ok(showMessage(message))
  },
})
