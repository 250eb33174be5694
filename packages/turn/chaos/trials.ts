import { soon } from './soon.js'
import type { Tally } from './figures.js'

/** One experiment. */
export interface Trial {
  /** Says what is done at which point; `--case` finds it by a part of it. */
  readonly name: string
  attempt(): Promise<void>
}

/** Makes trials, so many at once: most of each is waiting. */
export type RunTrials = (
  what: string,
  trials: readonly Trial[],
  options: {
    readonly atOnce: number
    /** How long one may take. Default: 180 s. */
    readonly limitMs?: number
  },
) => Promise<void>

const sayEveryMs = 15_000
/** Nothing here waits so long for anything, on a busy machine either. */
const limitMs = 180_000

/**
 * Says on stderr how many there are, how far it is, and how long the rest may take. What breaks off, or does not end, was not judged
 * and is counted.
 *
 * @param named - Only trials with this in their name; null for all.
 * @param times - How often each is made.
 */
export function createTrials(tally: Tally, named: string | null, times: number): RunTrials {
  const say = (words: string): void => void process.stderr.write(`#   ${words}\n`)

  const attempt = async (trial: Trial, trialMs: number): Promise<void> => {
    const judged = trial.attempt().then(
      () => null,
      (error: unknown) => `${trial.name}: ${String(error)}`,
    )
    const broken = await soon(judged, trialMs)
    if (broken === null) return
    const words = broken === 'late' ? `${trial.name}: it does not end` : broken
    tally.count('turn.chaos.unjudged', words)
  }

  return async (what, given, { atOnce, limitMs: trialMs = limitMs }) => {
    const chosen = given.filter(({ name }) => named === null || name.includes(named))
    const left = chosen.flatMap((trial) => Array.from({ length: times }, () => trial))
    const all = left.length
    say(`${what}: ${all} of ${given.length}`)
    if (all === 0) return
    const since = performance.now()
    let done = 0
    let saidAt = since
    const worker = async (): Promise<void> => {
      for (let trial = left.shift(); trial !== undefined; trial = left.shift()) {
        await attempt(trial, trialMs)
        done += 1
        const now = performance.now()
        if (now - saidAt < sayEveryMs) continue
        saidAt = now
        const restMs = ((now - since) / done) * (all - done)
        say(`${what}: ${done} of ${all}, about ${Math.ceil(restMs / 60_000)} min left`)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    say(`${what}: ${all} in ${Math.ceil((performance.now() - since) / 1_000)} s`)
  }
}
