/**
 * Breaks turns in every way that this project promises to survive, on real databases and a real socket, and prints what went
 * wrong as figures: one JSON line each, all but the first 0. The words to it go to stderr.
 *
 *   npm run chaos                  the quick set: every kind, some of the points
 *   npm run chaos -- --all         every point on every database
 *   npm run chaos -- --seed 7      other points of the crash matrix
 *   npm run chaos -- --only faults --database postgresql
 */
import { parseArgs } from 'node:util'
import { databases } from '@turnstead-internal/databases'
import { loseOthers } from './crash/outages.js'
import { loseOnReal } from './crash/real.js'
import { openMatrix } from './crash/points.js'
import { loseServers } from './crash/servers.js'
import { loseWorkers } from './crash/workers.js'
import { runFaults } from './faults.js'
import { createChooser } from './chooser.js'
import { runDoors } from './doors.js'
import { runFrames } from './frames.js'
import { startCrew } from './processes/crew.js'
import { createTally, type Tally } from './figures.js'
import { runOwnEnd } from './own-end.js'
import { runPeople } from './people.js'
import { runPorts } from './ports.js'
import { type Ground, openGround } from './stage.js'

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    share: { type: 'string' },
    only: { type: 'string' },
    database: { type: 'string' },
  },
})

type Part = (ground: Ground, tally: Tally, isFirst: boolean) => Promise<void>

/** Of the points along a turn the quick set takes some; the stride is no multiple of the loop's own rhythm. */
const stride = (isFirst: boolean): number => (values.all ? 1 : isFirst ? 13 : 29)

const parts: Readonly<Record<string, Part>> = {
  people: (ground, tally, isFirst) => runPeople(ground, tally, stride(isFirst)),
  crashes: async (ground, tally, isFirst) => {
    const choose = chooserFor(isFirst)
    const matrix = await openMatrix({ ground, crew, tally, choose })
    for (const [name, lose] of Object.entries({ loseWorkers, loseServers, loseOthers })) {
      if (values.only?.includes('/') === true && values.only !== `crashes/${name}`) continue
      await lose(matrix)
    }
  },
  // On one database: what differs is the server.
  'real-server': async (ground, tally, isFirst) => {
    if (!isFirst) return
    const points = {
      ground,
      crew,
      tally,
      choose: createChooser(Number(values.seed), values.all ? 8 : 1),
    }
    const problem = await loseOnReal(await openMatrix(points))
    if (problem !== null) process.stderr.write(`!!! THE REAL SERVER IS SKIPPED: ${problem}\n`)
  },
  'own-end': (ground, tally) => runOwnEnd(ground, tally),
  ports: async (ground, tally, isFirst) => {
    if (values.all || isFirst) await runPorts(ground, tally)
  },
  doors: (ground, tally) => {
    // Where there is a notifier.
    const most = values.all ? Infinity : ground.notifier === null ? 6 : 24
    return runDoors(ground, tally, createChooser(Number(values.seed), most))
  },
  frames: (ground, tally, isFirst) => runFrames(ground, tally, chooserFor(isFirst)),
  faults: (ground, tally, isFirst) => runFaults(ground, tally, values.all ? 1 : isFirst ? 7 : 29),
}

if (values.database !== undefined && databases.every(({ name }) => name !== values.database)) {
  throw new TypeError(`--database is one of ${databases.map(({ name }) => name).join(', ')}`)
}

const tally = createTally()
const crew = await startCrew(4)
const shareOf = (first: boolean): number => Number(values.share ?? (first ? 1 : 0.5))
const chooserFor = (first: boolean) =>
  createChooser(Number(values.seed), values.all ? Infinity : shareOf(first))
let isFirst = true
for (const { name } of databases) {
  if (values.database !== undefined && values.database !== name) continue
  const ground = await openGround(name)
  if (typeof ground === 'string') {
    process.stderr.write(`!!! ${name} IS SKIPPED: ${ground}\n`)
    continue
  }
  try {
    for (const [part, run] of Object.entries(parts)) {
      if (values.only !== undefined && values.only.split('/')[0] !== part) continue
      process.stderr.write(`# ${name}: ${part}\n`)
      await run(ground, tally, isFirst)
    }
  } finally {
    await ground.close()
  }
  isFirst = false
}
await crew.close()
process.exitCode = tally.print() ? 0 : 1
