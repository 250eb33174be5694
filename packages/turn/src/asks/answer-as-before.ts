import type { Ask } from '@turnstead/reply'
import type { TurnRun } from '../run/run.js'
import type { AskRows } from './ask-rows.js'
import type { AskedBefore } from './asked-before.js'
import type { Attended } from './attended.js'

/**
 * Gives a question that the run came back to the answer of a person that no server has had. False when there is none, or it was to
 * another question.
 */
export function answerAsBefore(
  {
    run,
    rows,
    before,
  }: {
    readonly run: TurnRun
    readonly rows: AskRows
    readonly before: AskedBefore
  },
  ask: Ask,
  attended: Attended,
): boolean {
  const known = before.sameAs(ask)
  const record = known === undefined ? undefined : rows.get(known.id)
  if (record === undefined || record.decision === null || record.answeredBy === 'policy')
    return false
  if (record.state !== 'answered' || record.triedAt !== null) return false
  const { answeredBy: by, decision, rule } = record
  attended.wish = decision
  rows.change({ type: 'closed', askId: record.id })
  rows.change({ type: 'decided', askId: ask.id, decision, by, rule })
  run.tracing.decided(ask.id, { by: 'person', rule: null })
  return true
}
