import type { Subscription } from '@turnstead/wire'
import type { ReplyObserver } from '@turnstead/reply'
import { sumTokens } from '../budgets.js'
import type { TurnRun } from '../run/run.js'

/**
 * Folds the stream into the reply until the subscription is closed. The stream is only for speed: when it
 * fails for good this is reported, and the looks carry the turn alone.
 */
export async function pumpStream(run: TurnRun, subscription: Subscription): Promise<void> {
  try {
    for await (const item of subscription) {
      run.heardAt = run.setup.clock.now()
      run.reply.apply(item)
      if (item.type === 'gap') {
        run.hasGap = true
        callForLook(run)
      } else if (run.usage.sentAt !== null || run.sendBeganAt !== null) {
        run.usage.firstEventAt ??= run.heardAt
      }
    }
  } catch (error) {
    run.setup.report(error, 'stream')
    callForLook(run)
  }
}

/** Turns the changes of the reply, from the stream and from looks alike, into what the turn counts and waits for. */
export function watchReply(run: TurnRun): ReplyObserver {
  const { usage } = run
  const progress = (): void => {
    usage.progressAt = run.setup.clock.now()
    usage.retryingSince = null
  }
  return {
    textDelta() {
      progress()
      if (run.sendBeganAt !== null) run.timeToFirstTokenMs ??= usage.progressAt - run.sendBeganAt
    },
    partFinished: progress,
    toolProgressed: progress,
    stepFinished() {
      progress()
      usage.steps += 1
    },
    totalsChanged({ cost, tokens }) {
      usage.cost = cost
      usage.tokens = sumTokens(tokens)
    },
    askOpened: () => run.alarm.ring(),
    askResolved: () => run.alarm.ring(),
    errored({ sessionId, error }) {
      if (sessionId !== run.prompt?.sessionId) return
      run.sessionError = error
      callForLook(run)
    },
    statusChanged({ sessionId, status }) {
      if (sessionId !== run.prompt?.sessionId) return
      if (status === 'idle') callForLook(run)
      if (status !== 'retry') return
      usage.retryingSince ??= run.setup.clock.now()
      run.alarm.ring()
    },
  }
}

function callForLook(run: TurnRun): void {
  run.isLookDue = true
  run.alarm.ring()
}
