import type { AnswerResult, ClaimResult, Lease, TurnRecord } from '../src/index.js'
import { leaseMs, theAsk } from './actions.js'
import type { Crew, Worker } from './crew.js'
import type { Tally } from './figures.js'
import type { Stage } from './stage.js'

const atOnce = 6

/** Turns for which a cancel, an end, answers, a take-over and sweeps come at once. */
export async function raceForEnds(
  stage: Stage,
  crew: Crew,
  tally: Tally,
  { rounds, random }: { readonly rounds: number; readonly random: () => number },
): Promise<void> {
  let begun = 0
  const line = async (): Promise<void> => {
    while (begun < rounds) {
      begun += 1
      await playRound(stage, crew, tally, begun, random)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, line))
  tally.tried('rounds', rounds)
}

async function playRound(
  stage: Stage,
  crew: Crew,
  tally: Tally,
  number: number,
  random: () => number,
): Promise<void> {
  const where = `round ${number}`
  const ids = await stage.add()
  const { turnId } = ids
  const claim = (await crew.holder.run({ verb: 'claim', ids })) as ClaimResult
  if (!claim.claimed)
    return tally.wrong('terminal_overwrites', `${where}: no claim: ${claim.reason}`)
  const { lease } = claim
  await crew.holder.run({ verb: 'openAsk', lease })
  const ends: string[] = []
  const answers: string[] = []
  const leases: Lease[] = [lease]
  const answer = async (worker: Worker): Promise<void> => {
    const result = (await worker.run({ verb: 'answerAsk', turnId })) as AnswerResult
    if (result.accepted) answers.push(worker.name)
  }
  const takeOver = async (): Promise<void> => {
    const taken = (await crew.successor.run({ verb: 'claim', ids, leaseMs })) as ClaimResult
    if (!taken.claimed) return
    leases.push(taken.lease)
    if ((await crew.successor.run({ verb: 'fail', lease: taken.lease })) === true)
      ends.push('failed')
  }
  const acts: (() => Promise<void>)[] = [
    async () => {
      if ((await crew.holder.run({ verb: 'settle', lease })) === true) ends.push('completed')
    },
    async () => {
      if ((await crew.stopper.run({ verb: 'cancel', turnId })) === true) ends.push('cancelled')
    },
    () => answer(crew.answerer),
    () => answer(crew.stopper),
    takeOver,
    async () => void (await crew.answerer.run({ verb: 'sweep' })),
    async () => void (await crew.successor.run({ verb: 'sweep' })),
  ]
  // Not each of them in each round, and in any order.
  const chosen = acts.filter(() => random() < 0.75)
  await Promise.all(shuffled(chosen, random).map((one) => one()))
  const first = await stage.store.read(turnId)
  // Whoever lost tries once more.
  await Promise.all([
    crew.stopper.run({ verb: 'cancel', turnId }),
    ...leases.map((one) => crew.holder.run({ verb: 'keepPartial', lease: one })),
    answer(crew.answerer),
  ])
  const last = await stage.store.read(turnId)
  for (const words of wrongIn({ first, last, ends, answers, leases })) {
    tally.wrong('terminal_overwrites', `${where}: ${words}`)
  }
}

function wrongIn({
  first,
  last,
  ends,
  answers,
  leases,
}: {
  readonly first: TurnRecord | null
  readonly last: TurnRecord | null
  readonly ends: readonly string[]
  readonly answers: readonly string[]
  readonly leases: readonly Lease[]
}): string[] {
  const words: string[] = []
  if (first === null || last === null) return ['the turn is gone']
  if (ends.length > 1) words.push(`ended as ${ends.join(' and as ')}`)
  if (ends.length === 1 && last.status !== ends[0]) words.push(`${last.status}, not ${ends[0]}`)
  if (first.status !== 'running' && first.status !== last.status) {
    words.push(`${first.status} became ${last.status}`)
  }
  if (first.settledAt !== null && first.settledAt !== last.settledAt) words.push('ended twice')
  const ask = last.asks.find(({ id }) => id === theAsk.id)
  if (answers.length > 1) words.push(`answered by ${answers.join(' and ')}`)
  if ((ask?.answeredBy ?? null) !== (answers[0] ?? null)) {
    words.push(`answered by ${ask?.answeredBy}, accepted from ${answers[0]}`)
  }
  const fences = leases.map(({ fence }) => fence)
  if (fences.some((fence, index) => fence <= (fences[index - 1] ?? 0))) {
    words.push(`fences ${fences.join(', ')}`)
  }
  return words
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => [random(), item] as const)
    .toSorted(([one], [other]) => one - other)
    .map(([, item]) => item)
}
