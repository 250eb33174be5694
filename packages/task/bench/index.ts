import { killHosts } from './kills/host-tool-kills.js'
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

/** A thousand calls of host tools, with hosts that die between doing and answering. */
const hostToolKills = async (): Promise<readonly Figure[]> => {
  const report = await killHosts({ turns: 10, stepsPerTurn: 25 })
  if (report === null) {
    console.warn('SKIPPED, task.host_tools: no opencode binary for this platform.')
    return []
  }
  const { calls, executed, failed, twice, wrong } = report
  const count = (name: string, value: number, better: Figure['better']): Figure => ({
    name: `task.host_tools_${name}`,
    value,
    unit: `of ${calls}`,
    better,
  })
  return [
    count('executed', executed, 'higher'),
    count('executed_twice', twice, 'lower'),
    count('answered_wrongly', wrong, 'lower'),
    count('failed', failed, 'lower'),
  ]
}

/** What this package measures, for `npm run bench`. */
export const benches: readonly { readonly name: string; run(): Promise<readonly Figure[]> }[] = [
  { name: 'task.stream', run: streamBytes },
  { name: 'task.host_tools', run: hostToolKills },
]
