/**
 * A fleet of processes that die, with people who watch and answer: PostgreSQL, a queue, 4 workers, 2 web processes, 2 OpenCode
 * servers, and a receiver of webhooks that sometimes fails. A worker is killed every 3 seconds and replaced. Prints what went
 * wrong as figures, one JSON line each: for each engine, and for all of them. The words to it go to stderr.
 *
 *   npm run fleet                                  1,000 conversations on graphile-worker, then on BullMQ
 *   npm run fleet -- --conversations 100 --engine BullMQ
 *   npm run fleet -- --kill-ms 1000 --seed 7
 */
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { postgresProblem } from '../test/support/rows.js'
import { type Figures, printFigures, printTotals } from './figures.js'
import { type Fleet, openFleet } from './fleet.js'
import { watchTurn } from './person.js'
import { type EngineName, engineNames } from './setting.js'
import { isAsking, questionOf } from './story.js'
import { type BegunTurn, judge, type Sight } from './verdict.js'

const { values } = parseArgs({
  options: {
    conversations: { type: 'string', default: '1000' },
    engine: { type: 'string' },
    workers: { type: 'string', default: '4' },
    concurrency: { type: 'string', default: '15' },
    'kill-ms': { type: 'string', default: '3000' },
    seed: { type: 'string', default: '1' },
  },
})
const conversations = Number(values.conversations)
if (!(conversations >= 1)) throw new RangeError('--conversations is a number, 1 or more')
if (values.engine !== undefined && !engineNames.includes(values.engine as EngineName)) {
  throw new TypeError(`--engine is one of ${engineNames.join(', ')}`)
}
/** Everything has to go on within this time, else it is stuck. */
const patienceMs = 90_000

/** The same choices for the same seed. What the processes make of them is not the same. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4_294_967_296
  }
}

/** One turn for each conversation, and a second one behind it for every tenth. */
async function beginTurns(fleet: Fleet, watch: (turn: BegunTurn) => void): Promise<BegunTurn[]> {
  const begun: BegunTurn[] = []
  const begin = async (conversationId: number, number: number): Promise<void> => {
    const url = fleet.urls[number % fleet.urls.length]
    const response = await fetch(`${url}/conversations/${conversationId}/turns`, {
      method: 'POST',
      headers: { 'x-user': '7', 'content-type': 'application/json' },
      body: JSON.stringify({ text: questionOf(number) }),
    })
    const { turnId } = (await response.json()) as { turnId: number }
    const turn = { turnId, conversationId, number }
    begun.push(turn)
    watch(turn)
  }
  let next = 0
  const lane = async (): Promise<void> => {
    for (let index = next++; index < conversations; index = next++) {
      const conversationId = await fleet.rows.addConversation(7)
      await begin(conversationId, index + 1)
      if (index % 10 === 0) await begin(conversationId, conversations + index + 1)
      // As people come: not all in the same second.
      await setTimeout(100)
    }
  }
  await Promise.all(Array.from({ length: 8 }, lane))
  return begun
}

/** Until all that must come has come, or nothing comes any more. */
async function untilQuiet(look: () => Promise<number>, wanted: number): Promise<void> {
  let [best, since] = [-1, Date.now()]
  for (;;) {
    const seen = await look()
    if (seen >= wanted) return
    if (seen > best) [best, since] = [seen, Date.now()]
    if (Date.now() - since > patienceMs) return
    await setTimeout(500)
  }
}

async function runFleet(engine: EngineName): Promise<Figures | null> {
  const random = randomOf(Number(values.seed))
  const size = { webs: 2, servers: 2, workers: Number(values.workers) }
  const opened = await openFleet(
    engine,
    { ...size, concurrency: Number(values.concurrency) },
    random,
  )
  if (typeof opened === 'string') {
    process.stderr.write(`!!! ${engine} IS SKIPPED: ${opened}\n`)
    return null
  }
  const fleet = opened
  const startedAt = Date.now()
  const over = new AbortController()
  const watching: Promise<Sight>[] = []
  const watch = ({ turnId, number }: BegunTurn): void => {
    // Someone has to answer; of the others every fifth is followed.
    if (!isAsking(number) && number % 5 !== 1) return
    const seeing = watchTurn({ urls: fleet.urls, turnId, random, signal: over.signal })
    watching.push(
      seeing.then(
        (seen) => ({ turnId, seen }),
        (error: unknown) => ({ turnId, seen: error as Error }),
      ),
    )
  }
  try {
    const stopKilling = fleet.killWorkers(Number(values['kill-ms']))
    const turns = await beginTurns(fleet, watch)
    const closed = async (): Promise<number> => {
      const rows = fleet.rows.knex('messages').whereNotNull('turn_closed_at')
      return Number((await rows.count({ count: '*' }))[0]?.['count'])
    }
    await untilQuiet(closed, turns.length)
    const kills = await stopKilling()
    const tookMs = Date.now() - startedAt
    const told = async (): Promise<number> =>
      turns.filter(({ turnId }) => fleet.receiver.count('turn.ended', turnId) > 0).length
    await untilQuiet(told, turns.length)
    const timer = setTimeout(20_000, null, { ref: false }).then(() => over.abort())
    const sights = await Promise.all(watching)
    void timer
    const figures = await judge(fleet, turns, sights)
    const drops = sights.reduce((sum, { seen }) => sum + ('drops' in seen ? seen.drops : 0), 0)
    process.stderr.write(
      `# ${engine}: ${turns.length} turns in ${Math.round(tookMs / 1000)} s, ${kills} workers killed, ${sights.length} followers with ${drops} drops, ${fleet.receiver.repeated} webhooks repeated\n`,
    )
    if (process.env['FLEET_ERRORS'] !== undefined) process.stderr.write(fleet.errors())
    return figures
  } finally {
    over.abort()
    await fleet.close()
  }
}

// Its processes go with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

if (postgresProblem !== null) {
  process.stderr.write(`!!! THE FLEET IS SKIPPED: ${postgresProblem}\n`)
} else {
  const all: Figures[] = []
  let isGood = true
  for (const engine of engineNames) {
    if (values.engine !== undefined && values.engine !== engine) continue
    const figures = await runFleet(engine)
    if (figures === null) continue
    all.push(figures)
    isGood = printFigures(engine, figures) && isGood
  }
  printTotals(all)
  process.exitCode = isGood ? 0 : 1
}
