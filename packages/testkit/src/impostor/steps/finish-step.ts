import type { Attempt } from '../../script/plan.js'
import type { ModelStep } from './step.js'
import { costOf, tokensOf } from './token-counts.js'
import { noTokens } from '../state/records.js'
import { countStep } from '../state/remove-messages.js'
import { tellSummaries } from '../history/turn-diffs.js'
import { putMessage, putPart, setStatus, takesSnapshots, tellError } from '../state/world.js'

/** The answer was blocked: the message says so before the session does. */
export function filterContent(step: ModelStep, attempt: Attempt): 'over' {
  const { world, session, message } = step
  const data = { message: "The response was blocked by the provider's content filter" }
  const error = { name: 'ContentFilterError', data }
  finishStep(step, attempt, 'content_filter', { error })
  putMessage(world, session, { ...message.info, error })
  step.complete({ error })
  tellError(world, session, error)
  setStatus(world, session, { type: 'idle' })
  const user = session.messages.get(message.info.parentID ?? '')
  if (user) tellSummaries(world, session, user)
  return 'over'
}

/** The end of a step: its tokens and cost, on the part, the message and the session. */
export function finishStep(
  step: ModelStep,
  attempt: Attempt,
  reason: string,
  more: Record<string, unknown> = {},
): void {
  const { world, session, message } = step
  // A stream that ends without a reason has not come to its counts.
  const tokens = reason === 'none' ? noTokens() : tokensOf(attempt.usage)
  const cost = costOf(tokens, world)
  const finish =
    { content_filter: 'content-filter', tool_calls: 'tool-calls', none: 'unknown' }[reason] ??
    reason
  const part = {
    ...place(step),
    type: 'step-finish',
    reason: finish,
    ...snapshotOf(step),
    tokens,
    cost,
  }
  countStep(session, part, 1)
  putPart(world, session, part)
  const time = { ...message.info.time, completed: world.identity.stamp() }
  // Without a snapshot to wait for, the server sends this event when the message is complete already.
  const early = takesSnapshots(world) ? {} : { ...more, time }
  const total = (message.info.cost ?? 0) + cost
  putMessage(world, session, { ...message.info, cost: total, tokens, finish, ...early })
  if (takesSnapshots(world) && step.changed.size > 0) {
    const hash = world.identity.hex(40)
    putPart(world, session, {
      ...place(step),
      type: 'patch',
      hash,
      files: [...step.changed.keys()].toSorted(),
    })
    const changes = [...step.changed].map(
      ([path, before]) => [path, { before, after: world.files.read(path) }] as const,
    )
    world.stepChanges.set(hash, new Map(changes))
  }
}

/** Ids of a new part of the message. */
export function place(step: ModelStep): { id: string; messageID: string; sessionID: string } {
  return {
    id: step.world.identity.id('prt'),
    messageID: step.message.info.id,
    sessionID: step.session.info.id,
  }
}

/** The snapshot that git repositories have at each step. */
export function snapshotOf(step: ModelStep): { snapshot?: string } {
  return takesSnapshots(step.world) ? { snapshot: '56fa27029dd709e9f20a642d68209cf12719f288' } : {}
}
