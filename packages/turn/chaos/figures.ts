import type { Verdict } from './verdict.js'

/** Counts what went wrong, and says in words what and where. */
export interface Tally {
  /** Adds the verdict of one experiment. */
  add(where: string, verdict: Verdict): void
  /** Counts an experiment whose verdict is only one of the figures. */
  tried(): void
  /** Counts one more of a figure that is no part of a verdict. */
  count(name: FigureName, where: string): void
  /** A worker, server, web process or connection was lost at one more point. */
  crashed(): void
  /** One JSON line for each figure. */
  print(): boolean
}

const names = [
  'turn.skipped_but_open',
  'turn.own_end_lost',
  'turn.ports_without_limit',
  'turn.hostile_json_rejections',
  'session.orphans',
  'turn.faults.wrong_outcomes',
  'turn.inbox.mismatches',
  'turn.inbox.lost',
  'turn.inbox.twice',
  'turn.crash.lost',
  'turn.crash.double_prompts',
  'turn.crash.stuck',
  'turn.crash.follower_mismatches',
  'turn.crash.untold',
  'turn.chaos.unjudged',
] as const

export type FigureName = (typeof names)[number]

export function createTally(): Tally {
  const counts = new Map<FigureName, number>(names.map((name) => [name, 0]))
  let cases = 0
  let points = 0

  const count = (name: FigureName, where: string, by = 1): void => {
    if (by === 0) return
    counts.set(name, (counts.get(name) ?? 0) + by)
    process.stderr.write(`! ${name}: ${where}\n`)
  }

  return {
    add(where, { skippedButOpen, orphans, wrong }) {
      cases += 1
      if (skippedButOpen) count('turn.skipped_but_open', where)
      count('session.orphans', where, orphans)
      for (const words of wrong) count('turn.faults.wrong_outcomes', `${where}: ${words}`)
    },
    crashed: () => void (points += 1),
    tried: () => void (cases += 1),
    count: (name, where) => count(name, where),
    print() {
      line('turn.faults.cases', cases, 'higher')
      line('turn.crash.points', points, 'higher')
      for (const [name, value] of counts) line(name, value, 'lower')
      return [...counts.values()].every((value) => value === 0)
    },
  }
}

function line(name: string, value: number, better: 'lower' | 'higher'): void {
  process.stdout.write(`${JSON.stringify({ name, value, unit: 'count', better })}\n`)
}
