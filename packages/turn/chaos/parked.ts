import { createHistoryStore, historyMigration } from '@turnstead/session/history'
import { on, reply, type ScriptedModel, startScriptedModel } from '@turnstead/testkit'
import { findOpencodeBinary } from '@turnstead/testkit/opencode'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runTurn, type TurnOptions, type TurnResult, waitForPerson } from '../src/index.js'
import type { Lab } from './lab.js'
import { type MortalServer, startMortal } from './outlive/server.js'
import { openCrowd } from './parked/crowd.js'
import { type AskingScenario, askingScenarios, decisionOn, rules } from './parked/scenarios.js'
import { openStore } from './place.js'

/** What is lost while a turn waits. */
const losses = ['nothing', 'the worker', 'the server', 'the server with its data', 'both'] as const
type Loss = (typeof losses)[number]

/** 10,000 with `--all`. */
const slicesOfAll = 20
const sliceSize = 500

interface Outcome {
  scenarios: number
  doubleRuns: number
  unfinished: number
}

/**
 * Turns that wait for a person without a worker: what so many of them hold, and, on the real server, that each tool runs once, whatever
 * is lost while they wait.
 *
 * @returns why not, where there is no server.
 */
export async function runParked(lab: Lab): Promise<string | null> {
  if (!lab.isFirst) return null
  await crowd(lab)
  if (findOpencodeBinary() === null) return 'no opencode binary for this platform'
  const model = await startScriptedModel([])
  const server = await startMortal(model)
  const { knex } = lab.ground.database
  await historyMigration().up(knex)
  const outcome: Outcome = { scenarios: 0, doubleRuns: 0, unfinished: 0 }
  const all = askingScenarios.flatMap((scenario) => losses.map((loss) => ({ scenario, loss })))
  try {
    const trials = all.map(({ scenario, loss }) => ({
      name: `parked: ${scenario.name}, ${loss} lost`,
      attempt: () => outlast({ lab, model, server, scenario, loss, outcome }),
    }))
    await lab.run('parked on the real server', trials, { atOnce: 1 })
  } finally {
    await server.close()
    await model.close()
    await historyMigration().down(knex)
  }
  print('turn.parked.scenarios', outcome.scenarios, 'higher')
  print('turn.parked.double_runs', outcome.doubleRuns, 'lower')
  print('turn.parked.unfinished', outcome.unfinished, 'lower')
  return null
}

/** What a crowd of turns holds that wait. */
async function crowd(lab: Lab): Promise<void> {
  const slices = Array.from({ length: slicesOfAll }, (_, index) => index + 1)
  const waiting = await openCrowd(lab)
  try {
    const trials = lab.choose(slices, { first: 4, later: 0 }).map((slice) => ({
      name: `parked: ${sliceSize} more turns, ${slice}`,
      attempt: () => waiting.park(sliceSize),
    }))
    await lab.run('parked', trials, { atOnce: 1 })
    const held = await waiting.held()
    const sum = Object.values(held).reduce((total, each) => total + each, 0)
    if (sum > 0) lab.tally.count('turn.crash.stuck', `parked turns hold ${JSON.stringify(held)}`)
    print('turn.parked.turns', waiting.size, 'higher')
    print('turn.parked.held_resources', sum, 'lower')
  } finally {
    await waiting.close()
  }
}

interface Outlasting {
  readonly lab: Lab
  readonly model: ScriptedModel
  readonly server: MortalServer
  readonly scenario: AskingScenario
  readonly loss: Loss
  readonly outcome: Outcome
}

let turns = 0

/** Answers what it asks, after something was lost each time, until it is over; then looks what ran. */
async function outlast({ lab, model, server, scenario, loss, outcome }: Outlasting): Promise<void> {
  const { knex } = lab.ground.database
  const place = await lab.ground.tables.take()
  turns += 1
  const id = turns
  const words = `Do ${id}: ${scenario.name}`
  outcome.scenarios += 1
  await server.clean()
  await knex(place.conversations).insert({ id })
  await knex(place.messages).insert({ id, conversation_id: id, turn_status: 'pending' })
  model.answer([
    on(words, reply(...scenario.steps), { times: 9 }),
    ...scenario.steps.flatMap((step) =>
      step.kind === 'tool' && step.reply !== undefined && typeof step.input !== 'string'
        ? [on(String(step.input['prompt']), step.reply, { times: 9 })]
        : [],
    ),
  ])
  const options = (client: TurnOptions['client']): TurnOptions => ({
    client,
    store: openStore(knex, place, null),
    history: createHistoryStore({ knex }),
    conversationId: id,
    turnId: id,
    prompt: { text: words },
    asks: waitForPerson,
    session: { permission: [...rules], title: 'A conversation' },
    timing: { pollMs: 250, parkAfterMs: 300, graceMs: 1_500 },
  })
  try {
    let client = server.client
    let result: TurnResult = await runTurn(options(client))
    for (let rounds = 0; isWaiting(result) && rounds < 6; rounds += 1) {
      if (loss === 'the server' || loss === 'both') await server.restart()
      if (loss === 'the server with its data') await server.lose()
      const isOther = loss === 'the worker' || loss === 'both'
      if (isOther) client = server.connect()
      await answerAll(openStore(knex, place, null), id)
      result = await runTurn(options(client))
      if (isOther) await client.close()
    }
    const where = `${scenario.name}, ${loss} lost`
    const ran = await linesOf(server)
    const double = ran.filter((line, at) => ran.indexOf(line) !== at)
    outcome.doubleRuns += double.length
    if (double.length > 0)
      lab.tally.count('turn.crash.double_prompts', `${where}: ${double.join()}`)
    const isWhole = scenario.ran.every((line) => ran.includes(line))
    if (result.status === 'completed' && result.ending === 'answered' && isWhole) return
    const isStuck = result.status === 'failed' && result.error.code === 'server_lost_turn'
    if (scenario.mayFail === true && isStuck && loss !== 'nothing' && loss !== 'the worker') return
    outcome.unfinished += 1
    const code = result.status === 'failed' ? result.error.code : ''
    lab.tally.count('turn.crash.lost', `${where}: ${result.status} ${code}, ran ${ran.join()}`)
  } finally {
    await knex('turnstead_history').delete()
    await lab.ground.tables.give(place)
  }
}

function isWaiting(result: TurnResult): boolean {
  return result.status === 'skipped' && result.reason === 'waiting'
}

async function answerAll(store: ReturnType<typeof openStore>, turnId: number): Promise<void> {
  const turn = await store.read(turnId)
  for (const ask of turn?.asks ?? []) {
    if (ask.state !== 'open') continue
    await store.answerAsk({ turnId, askId: ask.id, decision: decisionOn(ask), by: 'ada' })
  }
}

async function linesOf({ directory }: MortalServer): Promise<readonly string[]> {
  const log = await readFile(join(directory, 'ran.log'), 'utf8').catch(() => '')
  return log.split('\n').filter((line) => line !== '')
}

function print(name: string, value: number, better: 'lower' | 'higher'): void {
  process.stdout.write(`${JSON.stringify({ name, value, unit: 'count', better })}\n`)
}
