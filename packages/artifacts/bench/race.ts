/**
 * A minute of an attacker in another process that swaps files and folders for links to a secret, against all that reads or writes an
 * agent's directory: no byte of the secret may come into a store, and none outside may be written or removed.
 */
import { runRace } from './race/run-race.js'

const ms = 60_000

export const race = {
  name: 'artifacts.race',
  async run() {
    const { leakedBytes, swaps, runs, refused } = await runRace(ms)
    process.stderr.write(`# ${swaps} steps of the attacker, ${runs} runs of each job\n`)
    for (const [what, count] of refused) {
      process.stderr.write(`# refused ${count} times, ${what}\n`)
    }
    return [
      { name: 'artifacts.race.leaked_bytes', value: leakedBytes, unit: 'bytes', better: 'lower' },
    ] as const
  },
}
