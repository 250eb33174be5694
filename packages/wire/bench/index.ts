import { cpuPerEventBench } from './events.js'

/** One measured figure. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly better: 'lower' | 'higher'
}

/** One measurement; its figures' names begin with its own. */
export interface Bench {
  readonly name: string
  readonly run: () => Promise<Figure[]>
}

export const benches: readonly Bench[] = [cpuPerEventBench]
