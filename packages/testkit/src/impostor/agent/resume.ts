import type { Json, MessageRecord, SessionRecord } from '../state/records.js'
import { putMessage, putPart, type World } from '../state/world.js'

const words =
  'Continue if you have next steps, or stop and ask for clarification if you are unsure how to proceed.'
const afterOverflow =
  "The previous request exceeded the provider's size limit due to large media attachments. The conversation was compacted and media files were removed from context. If the user was asking about attached images or files, explain that the attachments were too large to process and suggest they try again with smaller or fewer files."

/** Asks the agent to go on after a summary. */
export function goOn(
  world: World,
  session: SessionRecord,
  asked: MessageRecord,
  isOverflow: boolean,
): void {
  const { agent, model } = asked.info
  const start = world.identity.stamp()
  const { info } = ask(world, session, { agent, model }, start)
  putPart(world, session, {
    id: world.identity.id('prt'),
    messageID: info.id,
    sessionID: info.sessionID,
    type: 'text',
    text: isOverflow ? `${afterOverflow}\n\n${words}` : words,
    synthetic: true,
    metadata: { compaction_continue: true },
    time: { start, end: world.identity.stamp() },
  })
}

/** Stores the prompt that was too long once more, behind the summary of what came before it, without its pictures. */
export function askAgain(world: World, session: SessionRecord, prompt: MessageRecord): void {
  const { agent, model, format, tools, system } = prompt.info
  const more = Object.entries({ format, tools, system }).filter(([, value]) => value !== undefined)
  const { info } = ask(
    world,
    session,
    { agent, model, ...Object.fromEntries(more) },
    world.identity.stamp(),
  )
  const place = { messageID: info.id, sessionID: info.sessionID }
  for (const part of [...prompt.parts.values()].toSorted((one, other) =>
    one.id < other.id ? -1 : 1,
  )) {
    const mime = String(part['mime'])
    const isMedia =
      part.type === 'file' && (mime.startsWith('image/') || mime === 'application/pdf')
    const name = String(part['filename'] ?? 'file')
    const kept = isMedia ? { type: 'text', text: `[Attached ${mime}: ${name}]` } : part
    putPart(world, session, { ...kept, id: world.identity.id('prt'), ...place })
  }
}

function ask(
  world: World,
  session: SessionRecord,
  more: Json & { agent: string },
  created: number,
): MessageRecord {
  return putMessage(world, session, {
    id: world.identity.id('msg'),
    sessionID: session.info.id,
    role: 'user',
    time: { created },
    ...more,
  })
}
