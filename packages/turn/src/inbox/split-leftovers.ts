import type { TurnRecord } from '../ports.js'

/** What was left of other turns: what is finished before a turn, and what began after it or was given to its agent. */
export function splitLeftovers(
  leftovers: readonly TurnRecord[],
  turn: TurnRecord,
): { readonly before: readonly TurnRecord[]; readonly after: readonly TurnRecord[] } {
  const isAfter = (each: TurnRecord): boolean => {
    // One that was begun while this one was left is asked nothing before this one has ended.
    const isUnasked = each.status === 'running' && each.prompt === null
    return beganAfter(each, turn) && (isUnasked || isGivenTo(each, turn))
  }
  const after = leftovers.filter(isAfter)
  return { before: leftovers.filter((each) => !after.includes(each)), after }
}

/**
 * What was left of turns that are over. A message that was given to the agent of a turn which goes on is finished after that: a stop for
 * the one would stop the other.
 */
export function endedLeftovers(leftovers: readonly TurnRecord[]): readonly TurnRecord[] {
  const open = leftovers.filter(isOpen)
  return leftovers.filter(
    (each) => !isOpen(each) && !open.some((one) => beganAfter(each, one) && isGivenTo(each, one)),
  )
}

function isOpen({ status }: TurnRecord): boolean {
  return status === 'running' || status === 'waiting'
}

/** Its message may have reached the agent while the turn ran. */
function isGivenTo({ delivery, prompt, status }: TurnRecord, turn: TurnRecord): boolean {
  const isLeft = status === 'running' || status === 'cancelled'
  return isLeft && delivery === 'steer' && prompt !== null && turn.prompt !== null
}

function beganAfter(each: TurnRecord, turn: TurnRecord): boolean {
  return (each.startedAt ?? -1) >= (turn.startedAt ?? Infinity)
}
