import { countStep } from '../state/remove-messages.js'
import { noTokens, type MessageInfo, type SessionRecord } from '../state/records.js'
import { tellSummaries } from '../history/turn-diffs.js'
import { costOf, tokensOf } from './token-counts.js'
import {
  putMessage,
  putPart,
  setStatus,
  tellDelta,
  worktreeOf,
  type World,
} from '../state/world.js'

/** Compacts a session: a user message with a `compaction` part, and an assistant message with the summary. */
export function startCompaction(
  world: World,
  session: SessionRecord,
  model: { readonly providerID: string; readonly modelID: string },
  how: { readonly auto: boolean; readonly overflow?: boolean },
): MessageInfo {
  const created = world.identity.stamp()
  const place = { sessionID: session.info.id }
  const info: MessageInfo = {
    id: world.identity.id('msg'),
    role: 'user',
    ...place,
    time: { created },
    agent: session.info.agent ?? 'build',
    model,
  }
  putMessage(world, session, info)
  putPart(world, session, {
    id: world.identity.id('prt'),
    messageID: info.id,
    ...place,
    type: 'compaction',
    ...how,
  })
  setStatus(world, session, { type: 'busy' })
  return info
}

/** Writes the summary that {@link startCompaction} asked for. The result is said after the HTTP answer. */
export function writeSummary(world: World, session: SessionRecord, user: MessageInfo): () => void {
  const { directory, id: sessionID } = session.info
  const model = user['model']
  const tokens = tokensOf({ input: 100, output: 20, reasoning: 0, cached: 0 })
  const cost = costOf(tokens, world)
  const message: MessageInfo = {
    id: world.identity.id('msg'),
    parentID: user.id,
    role: 'assistant',
    mode: 'compaction',
    agent: 'compaction',
    summary: true,
    path: { cwd: directory, root: worktreeOf(world, directory) },
    cost: 0,
    tokens: noTokens(),
    ...(typeof model === 'object' ? model : {}),
    sessionID,
    time: { created: world.identity.stamp() },
  }
  putMessage(world, session, message)
  const place = { messageID: message.id, sessionID }
  putPart(world, session, { id: world.identity.id('prt'), ...place, type: 'step-start' })
  const start = world.identity.stamp()
  const part = { id: world.identity.id('prt'), ...place, type: 'text', text: '', time: { start } }
  putPart(world, session, part)
  const said = world.settings.summary
  for (const chunk of said.match(/\S*\s+|\S+$/gu) ?? []) tellDelta(world, session, part, chunk)
  putPart(world, session, { ...part, text: said, time: { start, end: world.identity.stamp() } })
  const end = { id: world.identity.id('prt'), ...place, type: 'step-finish', reason: 'stop' }
  countStep(session, { ...end, tokens, cost }, 1)
  putPart(world, session, { ...end, tokens, cost })
  const time = { ...message.time, completed: world.identity.stamp() }
  const finished = { ...message, cost, tokens, finish: 'stop' }
  putMessage(world, session, world.settings.git ? finished : { ...finished, time })
  putMessage(world, session, { ...finished, time })
  return () => {
    world.bus.publish(directory, 'session.compacted', { sessionID })
    setStatus(world, session, { type: 'idle' })
    const stored = session.messages.get(user.id)
    if (stored) tellSummaries(world, session, stored)
  }
}
