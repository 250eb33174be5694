import { abortSession } from '../state/abort.js'
import { runSession } from '../agent/agent-loop.js'
import { sessionIdOf } from '../http/body.js'
import { ok, plainBadRequest, unexpected, type Call } from '../http/outcome.js'
import { asRecord, type Json } from '../state/records.js'
import { toRoutes, type Route } from '../http/router.js'
import { choose, storePrompt, type PromptBody } from '../history/prompts.js'
import { flawOfFiles, isExpanded } from '../history/expand-parts.js'
import { MessageFailure } from '../steps/provider-failure.js'
import { showMessage, type SessionRecord } from '../state/records.js'
import { agentNames, agentOf } from '../state/agents.js'
import { setStatus, tellError, type World } from '../state/world.js'
import { sessionOf } from './session-routes.js'

function readPrompt({ body }: Call): PromptBody {
  const given: unknown = body['parts']
  const parts = (Array.isArray(given) ? given : []).flatMap((part: unknown): Json[] => {
    const record = asRecord(part)
    return record ? [record] : []
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

function isUnknown(world: World, agent: string | undefined): boolean {
  return agent !== undefined && agent !== '' && agentOf(world, agent) === null
}

/** An unknown agent is found out late: the error is reported, nothing is stored, and nothing turns busy or idle. */
function unknownAgent(call: Call, session: SessionRecord, body: PromptBody): boolean {
  if (!isUnknown(call.world, body.agent)) return false
  const names = agentNames(call.world).join(', ')
  const message = `Agent not found: "${body.agent}". Available agents: ${names}`
  tellError(call.world, session, { name: 'UnknownError', data: { message } })
  return true
}

/** What follows the answer to a prompt: it is stored, if it was not yet, and run. */
function begin(world: World, session: SessionRecord, body: PromptBody, isLate: boolean): void {
  const run = async (): Promise<void> => {
    if (isLate && !(await storeLate(world, session, body))) return
    if (body.noReply !== true) await runSession(world, session)
  }
  run().catch((error: unknown) => {
    if (error instanceof MessageFailure) tellError(world, session, error.shown)
  })
}

/** Stores a prompt whose parts take their time; false when there is nothing any more that it could be stored in. */
async function storeLate(world: World, session: SessionRecord, body: PromptBody): Promise<boolean> {
  const { life } = world
  if (world.settings.expandMs > 0) await world.clock.sleep(world.settings.expandMs)
  if (world.life !== life || !world.sessions.has(session.info.id)) return false
  storePrompt(world, session, body)
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
    const flaw = flawOfFiles(world, body.parts)
    if (flaw) {
      const { message } = flaw
      choose(world, session, body)
      const afterwards = (): void =>
        tellError(world, session, { name: 'UnknownError', data: { message } })
      return { status: 204, afterwards }
    }
    if (isUnknown(world, body.agent)) {
      const afterwards = (): void => {
        unknownAgent(call, session, body)
        tellError(world, session, {
          name: 'UnknownError',
          data: { message: 'UnknownError: UnknownError' },
        })
      }
      return { status: 204, afterwards }
    }
    const isLate = isExpanded(body.parts)
    if (!isLate) storePrompt(world, session, body)
    return { status: 204, afterwards: () => begin(world, session, body, isLate) }
  },
  'POST /session/:sessionID/message': async (call) => {
    sessionIdOf(call)
    const body = readPrompt(call)
    const session = sessionOf(call)
    if (foreignOwner(call, session, body) || unknownAgent(call, session, body))
      throw unexpected(call.world)
    const flaw = flawOfFiles(call.world, body.parts)
    if (flaw) {
      choose(call.world, session, body)
      throw flaw.isBadRequest ? plainBadRequest() : unexpected(call.world)
    }
    const message = storePrompt(call.world, session, body)
    if (body.noReply === true) return ok(showMessage(message))
    const last = await runSession(call.world, session).catch(() => null)
    if (!last) throw unexpected(call.world)
    return ok(showMessage(last))
  },
  'POST /session/:sessionID/abort': async (call) => {
    const { deleted, sessions } = call.world
    const id = sessionIdOf(call)
    const session = sessions.get(id) ?? deleted.get(id)
    const isDelegated = call.world.jobs.has(id)
    await abortSession(call.world, session ?? id, call.directory)
    // A task is stopped before its session is.
    if (session && isDelegated) setStatus(call.world, session, { type: 'idle' })
    return ok(true)
  },
})

/**
 * A message id that another session has: the text is added to that session's message while this one gets the event, and
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
