import type { Reply, ReplyObserver } from '@turnstead/reply'
import type { Subscription } from '@turnstead/wire'
import type { TurnRun } from '../run/run.js'

/**
 * Folds the stream into the reply until the subscription is closed. The stream is only for speed: when it
 * fails for good this is reported, and the polls carry the turn alone.
 */
export async function pumpStream(
  run: TurnRun,
  reply: Reply,
  subscription: Subscription,
): Promise<void> {
  try {
    for await (const item of subscription) {
      run.schedule.heard()
      reply.apply(item)
      if (item.type !== 'gap') continue
      run.schedule.gap()
      run.wakeup.wake()
    }
  } catch (error) {
    run.setup.report(error, 'stream')
    run.schedule.hint()
    run.wakeup.wake()
  }
}

/** Turns the changes of the reply, from the stream and from polls alike, into what the turn counts and waits for. */
export function watchReply(run: TurnRun, reply: Reply): ReplyObserver {
  const { usage, schedule, wakeup, remarks } = run
  const running = new Set<string>()
  const wake = (): void => wakeup.wake()
  const hint = (): void => {
    schedule.hint()
    wake()
  }
  return {
    partAdded: ({ part }) => {
      if (part.kind !== 'retry') usage.agentSeen()
      if (part.kind === 'tool') trackTool(part)
    },
    textDelta: () => usage.textArrived(),
    partFinished: () => usage.progressed(),
    toolProgressed: ({ part }) => {
      usage.progressed()
      trackTool(part)
    },
    partRemoved: ({ partId }) => {
      if (running.delete(partId)) usage.toolsRun(running.size > 0)
    },
    stepFinished() {
      usage.stepFinished()
      wake()
    },
    totalsChanged({ cost, tokens }) {
      usage.spent({ cost, tokens })
      wake()
    },
    askOpened: wake,
    askResolved: wake,
    retried: ({ part }) => remarks.retried(part.message),
    errored({ sessionId, error }) {
      if (sessionId !== reply.sessionId) return
      remarks.errored(error)
      hint()
    },
    statusChanged({ sessionId, status }) {
      if (sessionId !== reply.sessionId) return
      if (status === 'idle' || status === 'deleted') hint()
      if (status === 'busy') usage.working()
      if (status === 'retry') usage.retrying()
      wake()
    },
  }

  function trackTool(part: { readonly id: string; readonly status: string }): void {
    if (part.status === 'running') running.add(part.id)
    else running.delete(part.id)
    usage.toolsRun(running.size > 0)
    wake()
  }
}
