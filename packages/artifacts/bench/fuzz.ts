/**
 * A million hostile names and paths, the same ones every time, through everything that makes names, paths, keys, headers or archives of
 * them, and some thousands through a real disk. An escape is what leaves the folder, is reserved on a platform, is the same as
 * another, breaks a header, or is too long; a judge decides that has its own rules.
 */
import { createDice, hostileName, nearKey } from './fuzz/hostile-names.js'
import { tryOnDisk } from './fuzz/on-disk.js'
import { createTrial } from './fuzz/pure.js'

const names = 1_000_000
const onDisk = 2_000
const seed = 13
const mostTold = 20

export const fuzz = {
  name: 'artifacts.fuzz',
  async run() {
    let escapes = 0
    const tell = (from: string, name: string, result: string, fault: string): void => {
      escapes += 1
      if (escapes > mostTold) return
      process.stderr.write(
        `# ${from}: ${JSON.stringify(name)} ${JSON.stringify(result)} ${fault}\n`,
      )
    }
    const dice = createDice(seed)
    const trial = createTrial(tell)
    let last = ''
    for (let count = 0; count < names; count += 1) {
      const name = dice(4) === 0 ? nearKey(dice) : hostileName(dice)
      trial.judge(name, last)
      last = name
    }
    await tryOnDisk(
      Array.from({ length: onDisk }, () => hostileName(dice)),
      tell,
    )
    return [
      { name: 'artifacts.fuzz.names', value: names, unit: 'names', better: 'higher' },
      { name: 'artifacts.fuzz.escapes', value: escapes, unit: 'names', better: 'lower' },
    ] as const
  },
}
