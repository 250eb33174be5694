import {
  asRecord,
  type MessageInfo,
  type MessageRecord,
  type SessionRecord,
} from '../state/records.js'
import { putMessage, putPart, type World } from '../state/world.js'
import { startCompaction, writeSummary } from './summarize.js'
import { modelOfMessage } from './chosen-model.js'

/** Tokens that a model takes and gives at most, as the configuration of the scripted model has them. */
const limits: Readonly<Record<string, { readonly context: number; readonly output: number }>> = {
  small: { context: 20_000, output: 1_000 },
}
const usual = { context: 200_000, output: 8_192 }

const goOn =
  'Continue if you have next steps, or stop and ask for clarification if you are unsure how to proceed.'
const afterOverflow =
  "The previous request exceeded the provider's size limit due to large media attachments. The conversation was compacted and media files were removed from context. If the user was asking about attached images or files, explain that the attachments were too large to process and suggest they try again with smaller or fewer files."

/** Whether a session's newest step leaves no room for another one. */
export function isFull(world: World, message: MessageRecord | null): boolean {
  if (asRecord(world.settings.config['compaction'])?.['auto'] === false) return false
  if (!message || message.info.summary === true) return false
  const { context, output } = limits[String(message.info['modelID'])] ?? usual
  return (message.info.tokens?.total ?? 0) >= context - output
}

/** Sums a session up in the middle of a run, and asks the agent to go on. */
export function compact(
  world: World,
  session: SessionRecord,
  user: MessageRecord,
  isOverflow: boolean,
): void {
  const { modelID, providerID } = modelOfMessage(world, user)
  const model = { providerID: String(providerID), modelID: String(modelID) }
  const asked = startCompaction(world, session, model, { auto: true, overflow: isOverflow })
  writeSummary(world, session, asked)
  continueAfter(world, session, asked, isOverflow)
}

/** Tells that a session has been summed up, and asks the agent to go on. */
export function continueAfter(
  world: World,
  session: SessionRecord,
  asked: MessageInfo,
  isOverflow = false,
): void {
  const { directory, id: sessionID } = session.info
  world.bus.publish(directory, 'session.compacted', { sessionID })
  const start = world.identity.stamp()
  const info: MessageInfo = {
    id: world.identity.id('msg'),
    role: 'user',
    sessionID,
    time: { created: start },
    agent: asked.agent,
    model: asked['model'],
  }
  putMessage(world, session, info)
  putPart(world, session, {
    id: world.identity.id('prt'),
    messageID: info.id,
    sessionID,
    type: 'text',
    text: isOverflow ? `${afterOverflow}\n\n${goOn}` : goOn,
    synthetic: true,
    metadata: { compaction_continue: true },
    time: { start, end: world.identity.stamp() },
  })
}
