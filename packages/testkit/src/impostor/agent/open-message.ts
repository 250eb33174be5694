import { noTokens, type MessageRecord, type SessionRecord } from '../state/records.js'
import { putMessage, worktreeOf, type World } from '../state/world.js'

/** The message of an agent's next step. */
export function openMessage(
  world: World,
  session: SessionRecord,
  user: MessageRecord,
): MessageRecord {
  const agent = user.info.agent
  const { directory } = session.info
  const model = user.info['model']
  const chosen = typeof model === 'object' && model !== null ? model : {}
  return putMessage(world, session, {
    id: world.identity.id('msg'),
    parentID: user.info.id,
    role: 'assistant',
    mode: agent,
    agent,
    path: { cwd: directory, root: worktreeOf(world, directory) },
    cost: 0,
    tokens: noTokens(),
    modelID: 'modelID' in chosen ? chosen.modelID : world.settings.modelId,
    providerID: 'providerID' in chosen ? chosen.providerID : world.settings.providerId,
    time: { created: world.identity.stamp() },
    sessionID: session.info.id,
    ...('variant' in chosen ? { variant: chosen.variant } : {}),
  })
}

/** Holds a turn until somebody listens, for a while; a sub-agent's turn is part of one that has waited already. */
export function waitForListener(
  world: World,
  session: SessionRecord,
  signal: AbortSignal,
): Promise<void> {
  const parent = world.sessions.get(session.info.parentID ?? '')
  const ms = parent?.run ? 0 : world.settings.listenerWaitMs
  return world.bus.heard(session.info.directory, ms, signal)
}
