import { agentOf, defaultAgent } from '../state/agents.js'
import { asRecord } from '../state/records.js'
import type { Json, MessageInfo, MessageRecord, SessionRecord } from '../state/records.js'
import type { PermissionRule } from '../state/permission-rules.js'
import { expandPart } from './expand-parts.js'
import { cleanUpRevert } from './revert.js'
import { putMessage, putPart, tellSession, type World } from '../state/world.js'

/** The body of a prompt, as far as Impostor reads it. */
export interface PromptBody {
  readonly parts: readonly Json[]
  readonly messageID?: string
  readonly model?: { readonly providerID: string; readonly modelID: string }
  readonly agent?: string
  readonly noReply?: boolean
  readonly system?: string
  readonly tools?: Readonly<Record<string, boolean>>
  readonly variant?: string
  readonly format?: Json
}

/** Stores a user message, again when its id exists: its parts are then added, or replaced where they have ids. */
export function storePrompt(world: World, session: SessionRecord, body: PromptBody): MessageRecord {
  const { agent, model } = choose(world, session, body)
  const created = world.identity.stamp()
  const id = body.messageID ?? world.identity.id('msg')
  const info: MessageInfo = {
    id,
    role: 'user',
    sessionID: session.info.id,
    time: { created },
    agent,
    model: { ...model, ...(body.variant === undefined ? {} : { variant: body.variant }) },
    ...(body.system === undefined ? {} : { system: body.system }),
    ...(body.tools === undefined ? {} : { tools: body.tools }),
    ...(body.format === undefined ? {} : { format: formatOf(body.format) }),
  }
  const parts = body.parts.flatMap((part) => expandPart(world, session, info, part))
  const message = putMessage(world, session, info)
  for (const part of parts) putPart(world, session, part)
  tellSession(world, session)
  if (body.tools !== undefined) replaceRules(world, session, body.tools)
  return message
}

/** What comes before a prompt is stored: a revert becomes final, and the session remembers agent and model. */
export function choose(
  world: World,
  session: SessionRecord,
  body: PromptBody,
): { agent: string; model: { providerID: string; modelID: string } } {
  cleanUpRevert(world, session)
  const agent = body.agent || defaultAgent(world)
  const model = body.model ?? agentOf(world, agent)?.model ?? modelOf(world, session)
  rememberChoice(world, session, agent, model, body.variant)
  return { agent, model }
}

/** How often a model may try again is filled in. */
function formatOf(format: Json): Json {
  const isFilled = format['type'] !== 'json_schema' || format['retryCount'] !== undefined
  return isFilled ? format : { ...format, retryCount: 2 }
}

/** The text of a user message as a model reads it, with what the server made of files and agents. */
export function promptText(message: MessageRecord): string {
  return [...message.parts.values()]
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
    .flatMap((part) => {
      if (part.type === 'subtask') return ['The following tool was executed by the user']
      return part.type === 'text' && part['ignored'] !== true ? [String(part['text'])] : []
    })
    .join('\n')
}

/** The model of a session's next prompt, where the prompt names none. */
export function modelOf(
  world: World,
  session: SessionRecord,
): { providerID: string; modelID: string } {
  const last = [...session.messages.values()].findLast(({ info }) => info.role === 'user')
  const named = asRecord(last?.info['model'])
  if (typeof named?.['providerID'] === 'string' && typeof named['modelID'] === 'string') {
    return { providerID: named['providerID'], modelID: named['modelID'] }
  }
  const remembered = session.info.model
  return remembered
    ? { providerID: remembered.providerID, modelID: remembered.id }
    : { providerID: world.settings.providerId, modelID: world.settings.modelId }
}

function rememberChoice(
  world: World,
  session: SessionRecord,
  agent: string,
  model: { providerID: string; modelID: string },
  variant: string | undefined,
): void {
  const next = { id: model.modelID, providerID: model.providerID, variant: variant ?? 'default' }
  const known = session.info.model
  const isSame =
    session.info.agent === agent &&
    known?.id === next.id &&
    known.providerID === next.providerID &&
    known.variant === next.variant
  if (isSame) return
  session.info = { ...session.info, agent, model: next }
  tellSession(world, session)
}

/** `tools` of a prompt replace every rule of the session, for good. */
function replaceRules(
  world: World,
  session: SessionRecord,
  tools: Readonly<Record<string, boolean>>,
): void {
  const permission = Object.entries(tools).map(([name, isAllowed]): PermissionRule => ({
    permission: name,
    action: isAllowed ? 'allow' : 'deny',
    pattern: '*',
  }))
  session.info = { ...session.info, permission }
  tellSession(world, session)
}
