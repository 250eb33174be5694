/** One measured figure. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly better: 'lower' | 'higher'
}

/** One measurement; the names of its figures begin with its own. */
export interface Bench {
  readonly name: string
  readonly run: () => Promise<readonly Figure[]>
}
