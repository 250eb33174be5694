import { anything, begun, type LifeState, type Op, outcomesOf } from './reference.js'

/** One call of a verb, and what it said. */
export interface Call {
  readonly op: Op
  readonly said: string
  /** Its place among all beginnings and ends. */
  readonly from: number
  readonly to: number
}

/**
 * How things may stand after the calls, if there is an order of them in which the reference says what they said: one that keeps those
 * apart that were made one after the other. None: they cannot be explained.
 */
export function explain(calls: readonly Call[]): readonly LifeState[] {
  const ends = new Map<string, LifeState>()
  const tried = new Set<string>()
  const walk = (state: LifeState, left: readonly Call[]): void => {
    const key = JSON.stringify([state, left.map(({ from }) => from)])
    if (tried.has(key)) return
    tried.add(key)
    if (left.length === 0) return void ends.set(JSON.stringify(state), state)
    const firstEnd = Math.min(...left.map(({ to }) => to))
    for (const call of left.filter(({ from }) => from < firstEnd)) {
      const isAlone = !calls.some((other) => other !== call && overlap(other, call))
      for (const { said, state: next } of outcomesOf(state, call.op, isAlone)) {
        if (said === call.said || said === anything)
          walk(
            next,
            left.filter((other) => other !== call),
          )
      }
    }
  }
  walk(begun, calls)
  return [...ends.values()]
}

function overlap(one: Call, other: Call): boolean {
  return one.from < other.to && other.from < one.to
}
