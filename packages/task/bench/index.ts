import { streamRun } from './stream-bytes.js'

/** One measured figure. */
interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly better: 'lower' | 'higher'
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))

/** What the browser is sent of a run of ten minutes, with a tool call every ten seconds. */
const streamBytes = async (): Promise<readonly Figure[]> => {
  const run = { seconds: 600, secondsPerCall: 10, outputCharacters: 6_000 }
  const { bytesOverFinal, longestGapSeconds } = await streamRun(run)
  return [
    {
      name: 'task.stream_bytes_over_final',
      value: rounded(bytesOverFinal, 3),
      unit: 'times',
      better: 'lower',
    },
    {
      name: 'task.stream_longest_gap_s',
      value: rounded(longestGapSeconds, 1),
      unit: 's',
      better: 'lower',
    },
  ]
}

/** What this package measures, for `npm run bench`. */
export const benches: readonly { readonly name: string; run(): Promise<readonly Figure[]> }[] = [
  { name: 'task.stream', run: streamBytes },
]
