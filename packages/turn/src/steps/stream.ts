import type { Reply, ReplyObserver, ReplyPart } from '@turnstead/reply'
import type { Subscription } from '@turnstead/wire'
import type { TurnRun } from '../run/run.js'
import type { Snapshots } from './save-snapshot.js'

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
    await subscription.forEach((item) => {
      run.schedule.heard()
      reply.apply(item)
      if (item.type === 'message.removed' || item.type === 'message.part.removed') {
        run.history?.seen.shrunk()
      }
      if (item.type === 'message.updated' && run.others.steered.length > 0) {
        // The run may have gone on to a message of another turn: a poll tells.
        if (reply.outcome().answeredBy !== null) hintPoll(run)
      }
      if (item.type !== 'gap') return
      run.schedule.gap()
      run.wakeup.wake()
    })
  } catch (error) {
    run.setup.report(error, 'stream')
    hintPoll(run)
  }
}

function hintPoll({ schedule, wakeup }: TurnRun): void {
  schedule.hint()
  wakeup.wake()
}

/** Turns the changes of the reply, from the stream and from polls alike, into what the turn counts, keeps and waits for. */
export function watchReply(run: TurnRun, reply: Reply, snapshots: Snapshots): ReplyObserver {
  const { usage, schedule, wakeup, remarks } = run
  const wake = (): void => wakeup.wake()
  const hint = (): void => {
    schedule.hint()
    wake()
  }
  // What an earlier worker stored of the reply is never reported as new.
  for (const part of reply.parts) partSeen(part)
  return {
    partAdded: ({ part }) => {
      partSeen(part)
      if (part.kind === 'tool') wake()
    },
    textDelta(change) {
      usage.textArrived()
      snapshots.grew(reply, change)
    },
    partFinished: () => usage.progressed(),
    toolProgressed: ({ part }) => {
      usage.progressed()
      partSeen(part)
      wake()
    },
    partRemoved: ({ partId }) => usage.toolRuns(partId, false),
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

  function partSeen(part: ReplyPart): void {
    if (part.kind !== 'retry') usage.agentSeen()
    if (part.kind === 'tool') usage.toolRuns(part.id, part.status === 'running')
  }
}
