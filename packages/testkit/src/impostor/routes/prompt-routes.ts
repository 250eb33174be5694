import { abortSession } from '../state/abort.js'
import { runSession } from '../agent/agent-loop.js'
import { fields, readBody, sessionIdOf } from '../http/body.js'
import { badRequest, ok, unexpected, type Call } from '../http/outcome.js'
import { asRecord } from '../state/records.js'
import { toRoutes, type Route } from '../http/router.js'
import { agentNames, storePrompt, type PromptBody } from '../agent/prompts.js'
import { MessageFailure } from '../agent/provider-failure.js'
import { showMessage, type SessionRecord } from '../state/records.js'
import { setStatus, tellError } from '../state/world.js'
import { sessionOf } from './session-routes.js'

const partTypes = ['text', 'file', 'agent', 'subtask']
const partUnion = partTypes.map((type) => `{ readonly "type": "${type}", ... }`).join(' | ')

const shape = {
  messageID: fields.optionalId('msg'),
  parts: fields.list,
  model: fields.optionalObject,
  agent: fields.optionalText,
  noReply: fields.optionalFlag,
  system: fields.optionalText,
  tools: fields.optionalObject,
  variant: fields.optionalText,
  format: fields.optionalObject,
}

function readPrompt(call: Call): PromptBody {
  const body = readBody(call, shape)
  const given: unknown = body['parts']
  const parts = (Array.isArray(given) ? given : []).map((part: unknown, index) => {
    const record = asRecord(part)
    if (!record)
      throw badRequest(`Expected object, got ${JSON.stringify(part)}\n  at ["parts"][${index}]`)
    if (!partTypes.includes(String(record['type']))) {
      throw badRequest(
        `Expected ${partUnion}, got ${JSON.stringify(part)}\n  at ["parts"][${index}]`,
      )
    }
    const id = record['id']
    if (id !== undefined && !(typeof id === 'string' && id.startsWith('prt'))) {
      throw badRequest(
        `Expected a string starting with "prt", got ${JSON.stringify(id)}\n  at ["parts"][${index}]["id"]`,
      )
    }
    return record
  })
  const model = asRecord(body['model'])
  const tools = asRecord(body['tools'])
  const format = asRecord(body['format'])
  const text = (name: string): Record<string, string> =>
    body[name] === undefined ? {} : { [name]: String(body[name]) }
  return {
    parts,
    ...text('messageID'),
    ...text('agent'),
    ...text('system'),
    ...text('variant'),
    ...(model === null
      ? {}
      : { model: { providerID: String(model['providerID']), modelID: String(model['modelID']) } }),
    ...(body['noReply'] === true ? { noReply: true } : {}),
    ...(tools === null
      ? {}
      : {
          tools: Object.fromEntries(Object.entries(tools).map(([name, on]) => [name, on === true])),
        }),
    ...(format === null ? {} : { format }),
  }
}

/** An unknown agent is found out late: the error is told, nothing is stored, and nothing turns busy or idle. */
function unknownAgent(call: Call, session: SessionRecord, body: PromptBody): boolean {
  if (body.agent === undefined || agentNames.includes(body.agent)) return false
  const message = `Agent not found: "${body.agent}". Available agents: ${agentNames.join(', ')}`
  tellError(call.world, session, { name: 'UnknownError', data: { message } })
  return true
}

/** Endpoints that run the agent. */
export const promptRoutes: readonly Route[] = toRoutes({
  'POST /session/:sessionID/prompt_async': (call) => {
    sessionIdOf(call)
    const body = readPrompt(call)
    const session = sessionOf(call)
    const { world } = call
    const foreign = foreignOwner(call, session, body)
    if (foreign) throw unexpected(world)
    if (body.agent !== undefined && !agentNames.includes(body.agent)) {
      const afterwards = (): void => {
        unknownAgent(call, session, body)
        tellError(world, session, {
          name: 'UnknownError',
          data: { message: 'UnknownError: UnknownError' },
        })
      }
      return { status: 204, afterwards }
    }
    storePrompt(world, session, body)
    const afterwards = (): void => {
      runSession(world, session).catch((error: unknown) => {
        if (error instanceof MessageFailure) tellError(world, session, error.shown)
      })
    }
    return body.noReply === true ? { status: 204 } : { status: 204, afterwards }
  },
  'POST /session/:sessionID/message': async (call) => {
    sessionIdOf(call)
    const body = readPrompt(call)
    const session = sessionOf(call)
    if (foreignOwner(call, session, body) || unknownAgent(call, session, body))
      throw unexpected(call.world)
    const message = storePrompt(call.world, session, body)
    if (body.noReply === true) return ok(showMessage(message))
    const last = await runSession(call.world, session).catch(() => null)
    if (!last) throw unexpected(call.world)
    return ok(showMessage(last))
  },
  'POST /session/:sessionID/abort': async (call) => {
    await abortSession(
      call.world,
      call.world.sessions.get(sessionIdOf(call)) ?? sessionIdOf(call),
      call.directory,
    )
    return ok(true)
  },
})

/**
 * A message id that another session has: the text is added to that session's message while this one is told of it, and
 * the call fails.
 */
function foreignOwner(call: Call, session: SessionRecord, body: PromptBody): boolean {
  const id = body.messageID
  if (id === undefined) return false
  const { world } = call
  for (const other of world.sessions.values()) {
    const owned = other === session ? undefined : other.messages.get(id)
    if (!owned) continue
    const known = new Set(owned.parts.keys())
    const shadow: SessionRecord = { ...session, messages: new Map(), run: null }
    const message = storePrompt(world, shadow, body)
    session.info = shadow.info
    for (const [partId, part] of message.parts) {
      if (!known.has(partId)) owned.parts.set(partId, { ...part, sessionID: other.info.id })
    }
    setStatus(world, session, { type: 'busy' })
    setStatus(world, session, { type: 'idle' })
    return true
  }
  return false
}
