import { listMessages, type MessageRecord, type SessionRecord } from '../state/records.js'
import { planFile } from '../state/plan-file.js'
import { putPart, type World } from '../state/world.js'

/** In plan mode the server tells an agent that takes over from another what it may do now. */
export function remindOfPlan(world: World, session: SessionRecord, user: MessageRecord): void {
  if (!world.settings.experimental.planMode) return
  const last = listMessages(session).findLast(({ info }) => info.role === 'assistant')
  const isPlanning = user.info.agent === 'plan'
  if (isPlanning === (last?.info.agent === 'plan')) return
  const path = planFile(session)
  const words = isPlanning
    ? `Plan mode is active. Write your plan to ${path}, and call plan_exit when it is complete.`
    : 'Your operational mode has changed from plan to build. You may change files again.'
  putPart(world, session, {
    id: world.identity.id('prt'),
    messageID: user.info.id,
    sessionID: session.info.id,
    type: 'text',
    text: `<system-reminder>\n${words}\n</system-reminder>`,
    synthetic: true,
  })
}
