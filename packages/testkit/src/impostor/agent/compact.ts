import { asRecord, type MessageRecord, type SessionRecord } from '../state/records.js'
import { putMessage, putPart, type World } from '../state/world.js'
import { modelOfMessage } from '../agent/chosen-model.js'

/** Tokens that a model takes and gives at most, as the configuration of the scripted model has them. */
const limits: Readonly<Record<string, { readonly context: number; readonly output: number }>> = {
  small: { context: 20_000, output: 1_000 },
}
const usual = { context: 200_000, output: 8_192 }

/** Whether a session's newest step leaves no room for another one. */
export function isFull(world: World, message: MessageRecord | null): boolean {
  if (asRecord(world.settings.config['compaction'])?.['auto'] === false) return false
  if (!message || message.info.summary === true) return false
  const { context, output } = limits[String(message.info['modelID'])] ?? usual
  return (message.info.tokens?.total ?? 0) >= context - output
}

/** The model that a user message was for. */
export function toldModel(
  world: World,
  user: MessageRecord,
): { readonly providerID: string; readonly modelID: string } {
  const { modelID, providerID } = modelOfMessage(world, user)
  return { providerID: String(providerID), modelID: String(modelID) }
}

/** Asks for a summary: a user message with a `compaction` part, which the session's run finds. */
export function startCompaction(
  world: World,
  session: SessionRecord,
  model: { readonly providerID: string; readonly modelID: string },
  how: { readonly auto: boolean; readonly overflow?: boolean },
): MessageRecord {
  const place = { sessionID: session.info.id }
  const message = putMessage(world, session, {
    id: world.identity.id('msg'),
    role: 'user',
    ...place,
    time: { created: world.identity.stamp() },
    agent: session.info.agent ?? 'build',
    model,
  })
  putPart(world, session, {
    id: world.identity.id('prt'),
    messageID: message.info.id,
    ...place,
    type: 'compaction',
    ...how,
  })
  return message
}
