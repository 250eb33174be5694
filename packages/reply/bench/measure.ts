/** One measured figure. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly better: 'lower' | 'higher'
}

/** Milliseconds that a piece of work takes. */
export function timed(work: () => void): number {
  const started = performance.now()
  work()
  return performance.now() - started
}

/** The median of several runs, which a busy machine disturbs least. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Bytes on the heap after a full collection; `NaN` without `--expose-gc`. */
export function heapBytes(): number {
  const { gc } = globalThis as { readonly gc?: () => void }
  if (gc === undefined) return Number.NaN
  gc()
  gc()
  return process.memoryUsage().heapUsed
}

export function rounded(value: number, digits = 3): number {
  return Number(value.toFixed(digits))
}
