import fc from 'fast-check'
import type { Lab } from '../lab.js'
import { begun, isForeign, next, type Op, type State } from './reference.js'
import { openWorld, type World } from './world.js'

/** What was tried. */
export interface InboxFigures {
  interleavings: number
}

const which = fc.nat(7)
/** What leads on comes more often. */
const anyOp: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Op>({ verb: 'post', delivery: 'steer' }) },
  { weight: 3, arbitrary: fc.constant<Op>({ verb: 'post', delivery: 'queue' }) },
  { weight: 3, arbitrary: fc.constant<Op>({ verb: 'go' }) },
  { weight: 2, arbitrary: fc.boolean().map((noReply): Op => ({ verb: 'foreign', noReply })) },
  { weight: 2, arbitrary: which.map((each): Op => ({ verb: 'withdraw', which: each })) },
  { weight: 2, arbitrary: which.map((each): Op => ({ verb: 'cancel', which: each })) },
)
const first: Op = { verb: 'post', delivery: 'queue' }
const anyLife = fc.array(anyOp, { minLength: 2, maxLength: 9 }).map((ops) => [first, ...ops])

const atOnce = 6

/**
 * Messages, withdrawals, cancels and prompts of others in any order, by two workers: one after the other, where the reference says what
 * comes of each, and all at once, where it says what may never be.
 */
export async function interleave(lab: Lab, seed: number, figures: InboxFigures): Promise<void> {
  const numRuns = lab.isFirst ? 1_000 : 100
  const lives = fc.sample(anyLife, { seed, numRuns })
  const trials = lives.map((ops, index) => {
    const isHasty = index % 2 === 1
    const how = isHasty ? 'all at once' : 'in order'
    const name = `inbox ${lab.ground.name} ${index} ${how}: ${ops.map(wordsOf).join(', ')}`
    return { name, attempt: () => tryLife(lab, { name, ops, isHasty }, figures) }
  })
  await lab.run('inbox interleavings', trials, { atOnce })
}

interface Life {
  readonly name: string
  readonly ops: readonly Op[]
  readonly isHasty: boolean
}

async function tryLife(lab: Lab, life: Life, figures: InboxFigures): Promise<void> {
  const world = await openWorld(lab.ground)
  try {
    figures.interleavings += 1
    const wrong = life.isHasty ? await allAtOnce(world, life) : await inOrder(world, life)
    if (wrong.length > 0) {
      lab.tally.count('turn.inbox.mismatches', `${life.name}: ${wrong.join('; ')}`)
    }
    await world.drain()
    for (const words of await lostIn(world)) {
      lab.tally.count('turn.inbox.lost', `${life.name}: ${words}`)
    }
    for (const words of await twiceIn(world)) {
      lab.tally.count('turn.inbox.twice', `${life.name}: ${words}`)
    }
  } finally {
    await world.close()
  }
}

async function inOrder(world: World, { ops }: Life): Promise<string[]> {
  let state: State = begun
  const goes = (): Op[] => (state.current === null ? [] : [{ verb: 'go' }])
  const steps = [...ops]
  for (let op = steps.shift(); op !== undefined; op = steps.shift() ?? goes()[0]) {
    const expected = next(state, op)
    const said = await world.play(op)
    if (said !== expected.said) return [`${wordsOf(op)} said ${said}, not ${expected.said}`]
    const wrong = await world.awaitState(expected.state)
    if (wrong.length > 0) return [`after ${wordsOf(op)}: ${wrong.join('; ')}`]
    state = expected.state
  }
  const asked = world.asked.join(', ')
  const wanted = state.asked.join(', ')
  return asked === wanted ? [] : [`the model was asked for ${asked}, not for ${wanted}`]
}

/** Nothing is waited for: what was said, and what is there in the end, must fit. */
async function allAtOnce(world: World, { ops }: Life): Promise<string[]> {
  const said: { readonly op: Op; readonly of: number; readonly answer: string }[] = []
  const playing: Promise<void>[] = []
  let posted = 0
  for (const op of ops) {
    if (op.verb === 'post') posted += 1
    const of = 'which' in op ? op.which % Math.max(1, posted) : -1
    playing.push(world.play(op).then((answer) => void said.push({ op, of, answer })))
    // An order that is neither that of the program nor that of none.
    for (let turns = 0; turns < posted; turns += 1) await new Promise(setImmediate)
    if (op.verb === 'post') await Promise.all(playing)
  }
  await Promise.all(playing)
  await world.drain()
  const rows = await world.turns()
  const wrong: string[] = []
  for (const [index, row] of rows.entries()) {
    const name = `turn ${index + 1}`
    const isAsked = world.asked.includes(name)
    const about = said.filter(({ of }) => of === index)
    const isWithdrawn = about.some(({ answer }) => answer === 'withdrawn')
    if (isWithdrawn !== (row.reason === 'withdrawn'))
      wrong.push(`${name}: the withdrawal was a lie`)
    if (isWithdrawn && isAsked) wrong.push(`${name} was withdrawn and asked`)
    if (row.status === 'failed') wrong.push(`${name} failed: ${row.error?.message}`)
    if (row.status === 'completed') wrong.push(...wrongWords(name, row.text ?? ''))
    const isCancelled = row.status === 'cancelled'
    const saidCancelled = about.some(({ op, answer }) => op.verb === 'cancel' && answer === 'true')
    if (isCancelled && !saidCancelled && !isWithdrawn) wrong.push(`${name} was cancelled by no one`)
  }
  const queued = rows.flatMap(({ delivery }, index) =>
    delivery === 'queue' ? [`turn ${index + 1}`] : [],
  )
  const order = world.asked.filter((name) => queued.includes(name))
  const inLine = queued.filter((name) => order.includes(name))
  if (order.join() !== inLine.join()) wrong.push(`asked in the order ${order.join(', ')}`)
  return wrong
}

/** Of an answer nothing is of another turn; someone else's may be shared. */
function wrongWords(name: string, text: string): string[] {
  const pieces = text === '' ? [] : text.split('\n\n')
  const own = [`${name} looks.`, `${name} alone.`]
  const strange = pieces.filter((piece) => !own.includes(piece) && !isForeign(piece))
  return strange.map((piece) => `${name} has the words of another turn: ${piece}`)
}

async function lostIn(world: World): Promise<string[]> {
  const rows = await world.turns()
  return rows.flatMap(({ status, closedAt, prompt }, index) => {
    const isOver = status !== 'pending' && status !== 'running'
    if (!isOver) return [`turn ${index + 1} is ${status}`]
    return closedAt === null && prompt !== null ? [`turn ${index + 1} is not closed`] : []
  })
}

async function twiceIn(world: World): Promise<string[]> {
  const prompts = await world.prompts()
  const again = (names: readonly string[]): string[] => [
    ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
  ]
  return [
    ...again(prompts).map((name) => `${name} is there twice`),
    ...again(world.asked).map((name) => `the model was asked for ${name} twice`),
  ]
}

function wordsOf(op: Op): string {
  switch (op.verb) {
    case 'post':
      return op.delivery
    case 'foreign':
      return op.noReply ? 'note' : 'foreign'
    case 'go':
      return 'go'
    default:
      return `${op.verb} ${op.which}`
  }
}
