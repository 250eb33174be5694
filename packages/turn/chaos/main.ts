/**
 * Breaks turns in every way that this project promises to survive, on real databases and a real socket, and prints what went
 * wrong as figures: one JSON line each, all but the first two 0. The words to it go to stderr.
 *
 *   npm run chaos                  the quick set: every kind, some of the points
 *   npm run chaos -- --all         every point
 *   npm run chaos -- --seed 7      other points
 *   npm run chaos -- --all --only workers,servers --database postgresql
 *   npm run chaos -- --all --only workers --case 'asks: SIGKILL before store.settle 1' --times 20
 */
import { parseArgs } from 'node:util'
import { databases } from '@turnstead-internal/databases'
import { createChooser } from './chooser.js'
import { loseOthers } from './crash/outages.js'
import { findPoints, type Points } from './crash/points.js'
import { loseOnReal } from './crash/real.js'
import { loseServers } from './crash/servers.js'
import { loseWorkers } from './crash/workers.js'
import { runDoors } from './doors.js'
import { breakFrames } from './faults/frames.js'
import { breakRequests } from './faults/requests.js'
import { surveyScenes } from './faults/survey.js'
import { createTally } from './figures.js'
import type { Lab } from './lab.js'
import { printInbox, runInbox } from './inbox.js'
import { runOutlive } from './outlive.js'
import { runOwnEnd } from './own-end.js'
import { runParked } from './parked.js'
import { runPeople } from './people.js'
import { runPorts } from './ports.js'
import { startCrew } from './processes/crew.js'
import { openGround } from './stage.js'
import { createTrials } from './trials.js'

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    database: { type: 'string' },
    case: { type: 'string' },
    times: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})

/** On one database: what differs is the server. */
const loseReal = async (lab: Lab, points: Points): Promise<void> => {
  const problem = lab.isFirst ? await loseOnReal(lab, points) : null
  if (problem !== null) process.stderr.write(`!!! THE REAL SERVER IS SKIPPED: ${problem}\n`)
}

const outlive = async (lab: Lab): Promise<void> => {
  const problem = await runOutlive(lab)
  if (problem !== null) process.stderr.write(`!!! OUTLIVE IS SKIPPED: ${problem}\n`)
}

const parked = async (lab: Lab): Promise<void> => {
  const problem = await runParked(lab)
  if (problem !== null)
    process.stderr.write(`!!! PARKED ON THE REAL SERVER IS SKIPPED: ${problem}\n`)
}

const alone = {
  people: runPeople,
  'own-end': runOwnEnd,
  ports: runPorts,
  doors: runDoors,
  outlive,
  inbox: (lab: Lab) => runInbox(lab, Number(values.seed)),
  parked,
}
const surveyed = { requests: breakRequests, frames: breakFrames }
const crashes = {
  'real-server': loseReal,
  workers: loseWorkers,
  servers: loseServers,
  outages: loseOthers,
}

const names = [alone, surveyed, crashes].flatMap((parts) => Object.keys(parts))
if (values.help) {
  const about = `npm run chaos -- [--all] [--seed <number>] [--only <parts>] [--database <name>] [--case <title>] [--times <number>]

  --all        every point, in place of some of each kind
  --only       a list of ${names.join(', ')}
  --database   one of ${databases.map(({ name }) => name).join(', ')}
  --case       one case, by the title that it failed under; --times: so often
`
  process.stdout.write(about)
  process.exit(0)
}
const wanted = values.only?.split(',') ?? names
const wrongName = wanted.find((name) => !names.includes(name))
if (wrongName !== undefined) throw new TypeError(`--only is some of ${names.join(', ')}`)
if (values.database !== undefined && databases.every(({ name }) => name !== values.database)) {
  throw new TypeError(`--database is one of ${databases.map(({ name }) => name).join(', ')}`)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const tally = createTally()
const crew = await startCrew(10)
const run = createTrials(tally, values.case ?? null, Number(values.times))

async function runParts(lab: Lab): Promise<void> {
  const chosen = <Part>(parts: Readonly<Record<string, Part>>): Part[] =>
    Object.entries(parts).flatMap(([name, part]) => (wanted.includes(name) ? [part] : []))
  for (const part of chosen(alone)) await part(lab)
  const bySurvey = chosen(surveyed)
  const surveys = bySurvey.length > 0 ? await surveyScenes(lab.ground) : []
  for (const part of bySurvey) await part(lab, surveys)
  const byPoints = chosen(crashes)
  const points: Points = byPoints.length > 0 ? await findPoints(lab) : new Map()
  for (const part of byPoints) await part(lab, points)
}

// The one with a notifier of its own first: it gets the most points.
const order = databases.toSorted(
  (one, other) => Number(other.name === 'postgresql') - Number(one.name === 'postgresql'),
)
const first = order.find(({ skip }) => skip === null)
for (const { name } of order) {
  if (values.database !== undefined && values.database !== name) continue
  const ground = await openGround(name)
  if (typeof ground === 'string') {
    process.stderr.write(`!!! ${name} IS SKIPPED: ${ground}\n`)
    continue
  }
  process.stderr.write(`# ${name}\n`)
  const isFirst = name === first?.name
  const choose = createChooser({ seed: Number(values.seed), isFirst, isAll: values.all })
  try {
    await runParts({ ground, crew, tally, isFirst, choose, run })
  } finally {
    await ground.close()
  }
}
await crew.close()
if (wanted.includes('inbox')) printInbox()
// What was not judged may have left something open.
process.exit(tally.print() ? 0 : 1)
