/**
 * Races of real processes for the rows of each database, and deaths at every step; prints what went wrong as figures, one JSON
 * line each. The words to it go to stderr.
 *
 *   npm run races
 *   npm run races -- --database postgresql --rounds 5000 --seed 7
 */
import { parseArgs } from 'node:util'
import { databases } from '@turnstead-internal/databases'
import { startCrew } from './crew.js'
import { raceForSession } from './ensure.js'
import { createTally } from './figures.js'
import { killAtEachStep } from './kills.js'
import { raceForEnds } from './rounds.js'
import { seededRandom } from './seeded-random.js'
import { openStage, type Stage } from './stage.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1000' },
    database: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
})
const rounds = Number(values.rounds)
const seed = Number(values.seed)
if (!Number.isSafeInteger(rounds) || rounds < 1)
  throw new RangeError('--rounds is a number above 0')
if (!Number.isSafeInteger(seed)) throw new RangeError('--seed is a whole number')
const names = databases.map(({ name }) => name)
if (values.database !== undefined && !names.some((name) => name === values.database)) {
  throw new TypeError(`--database is one of ${names.join(', ')}`)
}

let isRight = true
for (const name of names) {
  if (values.database !== undefined && values.database !== name) continue
  const stage = await openStage(name)
  if (typeof stage === 'string') {
    process.stderr.write(`!!! ${name} IS SKIPPED: ${stage}\n`)
    continue
  }
  try {
    isRight = (await playOn(stage)) && isRight
  } finally {
    await stage.close()
  }
}
process.exitCode = isRight ? 0 : 1

async function playOn(stage: Stage): Promise<boolean> {
  const tally = createTally(stage.name)
  process.stderr.write(`# ${stage.name}, seed ${seed}\n`)
  const crew = await startCrew(stage)
  const { successor: _ahead, ...contemporaries } = crew
  try {
    await raceForSession(stage, Object.values(contemporaries), tally)
    await raceForEnds(stage, crew, tally, { rounds, random: seededRandom(seed) })
  } finally {
    await Promise.all(Object.values(crew).map((worker) => worker.kill()))
  }
  await killAtEachStep(stage, tally)
  return tally.print()
}
