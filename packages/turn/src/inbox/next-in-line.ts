import type { TurnSetup } from '../options.js'
import type { RowId, TurnRecord } from '../ports.js'
import { withinMs } from '../run/deadline.js'

/**
 * Who is first in the line after turns that were run; null when that is no one, or cannot be said now. One that neither was in the line
 * nor asked a person, for whom the jobs of others would have been given up, is spared the look.
 */
export async function nextInLine(
  { budgets, clock, conversationId, report, store }: TurnSetup,
  turns: readonly Pick<TurnRecord, 'asks' | 'delivery'>[],
): Promise<RowId | null> {
  const mayHoldUp = turns.some(({ asks, delivery }) => (delivery ?? asks?.[0] ?? null) !== null)
  if (store.nextInLine === undefined || !mayHoldUp) return null
  const ms = budgets.requestMs
  const expired = (): Error =>
    new Error(`The store did not answer within ${ms} ms (\`requestMs\`).`)
  try {
    return await withinMs(
      clock,
      { ms, expired },
      async () => (await store.nextInLine?.(conversationId)) ?? null,
    )
  } catch (error) {
    report(error, 'inbox')
    return null
  }
}
