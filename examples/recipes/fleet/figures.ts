/** What one run on one engine showed. */
export interface Figures {
  readonly turns: number
  readonly double_prompts: number
  readonly lost: number
  readonly stuck: number
  readonly follower_mismatches: number
  readonly webhooks_missing: number
  readonly p99_settle_lag_ms: number
}

/** One JSON line for each figure of an engine. True when nothing went wrong. */
export function printFigures(engine: string, figures: Figures): boolean {
  const scope = engine.toLowerCase().replaceAll('-', '_')
  for (const [name, value] of Object.entries(figures)) print(`turn.fleet.${scope}.${name}`, value)
  return isGood(figures)
}

/** The sums of all engines, and the longest lag. */
export function printTotals(all: readonly Figures[]): void {
  const [first] = all
  if (first === undefined) return
  for (const name of Object.keys(first) as (keyof Figures)[]) {
    const values = all.map((figures) => figures[name])
    const sum = values.reduce((total, value) => total + value, 0)
    print(`turn.fleet.${name}`, name === 'p99_settle_lag_ms' ? Math.max(...values) : sum)
  }
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

function isGood({ turns, p99_settle_lag_ms: _, ...wrong }: Figures): boolean {
  return turns > 0 && Object.values(wrong).every((value) => value === 0)
}

function print(name: string, value: number): void {
  const unit = name.endsWith('_ms') ? 'ms' : 'count'
  const better = name.endsWith('.turns') ? 'higher' : 'lower'
  process.stdout.write(`${JSON.stringify({ name, value: Math.round(value), unit, better })}\n`)
}
