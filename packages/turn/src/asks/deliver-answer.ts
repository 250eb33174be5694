import type { Ask } from '@turnstead/reply'
import type { AskDecision } from '../ask-records.js'
import { requestLimits, type TurnRun } from '../run/run.js'
import type { AskRows } from './ask-rows.js'
import type { Attended } from './attended.js'
import { sendAnswer } from './send-answer.js'

const retryMs = 500
/** So long the server's lists are given to show that an ask is gone. */
export const listedMs = 2_000

/** Sends a decision; it runs beside the loop, and says in `attended` when to send it again. */
export async function deliverAnswer(
  { run, rows }: { readonly run: TurnRun; readonly rows: AskRows },
  ask: Ask,
  attended: Attended,
  decision: AskDecision,
): Promise<void> {
  const { clock } = run.setup
  attended.sendAt = Infinity
  try {
    const answered = await sendAnswer(run, ask, decision, requestLimits(run))
    if (answered.outcome === 'sent') rows.change({ type: 'sent', askId: ask.id })
    if (answered.outcome === 'again') {
      attended.failure = answered.error
      attended.sendAt = clock.now() + retryMs
      if (answered.mayHaveArrived) doubt(run, attended)
    }
    if (answered.outcome === 'gone') {
      // Another client has answered, or the server forgot it, and no event said so: its lists know. Where they still have
      // it, the answer went astray, and is sent again.
      doubt(run, attended)
      attended.sendAt = clock.now() + listedMs
    }
  } catch (error) {
    if (!run.signal.aborted) run.setup.report(error, 'asks')
    attended.sendAt = clock.now() + retryMs
  }
  run.wakeup.wake()
}

function doubt(run: TurnRun, attended: Attended): void {
  attended.doubtedAt = run.setup.clock.now()
  run.schedule.gap()
}
