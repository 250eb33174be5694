import type { DatabaseName } from '@turnstead-internal/databases'

/** What went wrong on one database, and how much was tried. */
export interface Tally {
  /** Counts one more of what must be 0, and says where. */
  wrong(figure: WrongFigure, where: string): void
  /** How much was tried. */
  tried(figure: TriedFigure, count: number): void
  /** A figure as it stands. */
  value(figure: WrongFigure | TriedFigure): number
  /** One JSON line for each figure; false when anything was wrong. */
  print(): boolean
}

export type WrongFigure = 'terminal_overwrites' | 'stuck_after_sweep' | 'orphans_after_sweep'
export type TriedFigure = 'rounds' | 'ensure_created' | 'kills'

export function createTally(database: DatabaseName): Tally {
  const tried = new Map<TriedFigure, number>()
  const wrong = new Map<WrongFigure, number>([
    ['terminal_overwrites', 0],
    ['stuck_after_sweep', 0],
    ['orphans_after_sweep', 0],
  ])
  return {
    wrong(figure, where) {
      wrong.set(figure, (wrong.get(figure) ?? 0) + 1)
      process.stderr.write(`! ${database}: ${figure}: ${where}\n`)
    },
    tried: (figure, count) => void tried.set(figure, (tried.get(figure) ?? 0) + count),
    value: (figure) => tried.get(figure as TriedFigure) ?? wrong.get(figure as WrongFigure) ?? 0,
    print() {
      for (const [figure, value] of tried) {
        const better = figure === 'ensure_created' ? 'lower' : 'higher'
        line(`session.races.${database}.${figure}`, value, better)
      }
      for (const [figure, value] of wrong)
        line(`session.races.${database}.${figure}`, value, 'lower')
      const created = tried.get('ensure_created') ?? 1
      return created === 1 && [...wrong.values()].every((value) => value === 0)
    },
  }
}

function line(name: string, value: number, better: 'lower' | 'higher'): void {
  process.stdout.write(`${JSON.stringify({ name, value, unit: 'count', better })}\n`)
}
