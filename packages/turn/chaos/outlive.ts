import { createHistoryStore, historyMigration } from '@turnstead/session/history'
import { gate, on, reply, type ScriptedModel, startScriptedModel, text } from '@turnstead/testkit'
import { findOpencodeBinary } from '@turnstead/testkit/opencode'
import { createMemoryStore, runTurn, type TurnOptions, type TurnResult } from '../src/index.js'
import type { Lab } from './lab.js'
import { runCost } from './outlive/cost.js'
import { runCuts } from './outlive/cut.js'
import { runDrain } from './outlive/drain.js'
import { printFigure } from './outlive/print.js'
import { contextOf, firstDifference } from './outlive/context.js'
import { lostScenarios, type LostScenario } from './outlive/scenarios.js'
import { type MortalServer, startMortal } from './outlive/server.js'

type Loss = 'never' | 'between turns' | 'in mid-turn'

const losses = ['between turns', 'in mid-turn'] as const

/** Figures of this part alone. */
interface Outcome {
  scenarios: number
  differences: number
  forgotten: number
}

/**
 * The real server is killed and its data deleted, between two turns of a conversation and in the middle of one: what the model is told
 * with the next turn must be what it is told where nothing was lost.
 *
 * @returns why not, where there is no server.
 */
export async function runOutlive(lab: Lab): Promise<string | null> {
  if (!lab.isFirst) return null
  if (findOpencodeBinary() === null) return 'no opencode binary for this platform'
  const model = await startScriptedModel([])
  const server = await startMortal(model)
  const { knex } = lab.ground.database
  await historyMigration().up(knex)
  const outcome: Outcome = { scenarios: 0, differences: 0, forgotten: 0 }
  try {
    const chosen = lab.choose(lostScenarios, { first: 6, later: 0 })
    const trials = chosen.map((scenario) => ({
      name: `outlive: ${scenario.name}`,
      attempt: () => compare({ lab, model, server, scenario, outcome }),
    }))
    await lab.run('outlive', trials, { atOnce: 1 })
    printFigure('turn.outlive.scenarios', outcome.scenarios, { better: 'higher' })
    printFigure('turn.outlive.context_differences', outcome.differences)
    printFigure('turn.outlive.forgotten', outcome.forgotten)
    const more = [
      { name: 'outlive: what it costs', attempt: () => runCost(lab, model, server) },
      { name: 'outlive: cut at every event', attempt: () => runCuts(lab, model, server) },
      { name: 'outlive: three servers', attempt: () => runDrain(lab) },
    ]
    await lab.run('outlive, more', more, { atOnce: 1, limitMs: 1_200_000 })
  } finally {
    await server.close()
    await model.close()
    await historyMigration().down(knex)
  }
  return null
}

interface Trying {
  readonly lab: Lab
  readonly model: ScriptedModel
  readonly server: MortalServer
  readonly scenario: LostScenario
  readonly outcome: Outcome
}

async function compare(trying: Trying): Promise<void> {
  const { lab, outcome, scenario } = trying
  const control = await converse(trying, 'never')
  for (const loss of losses) {
    outcome.scenarios += 1
    const seen = await converse(trying, loss)
    if (seen.context === control.context) continue
    const where = `${scenario.name}, lost ${loss}: ${firstDifference(control.context, seen.context)}`
    if (seen.messages < control.messages) outcome.forgotten += 1
    outcome.differences += 1
    lab.tally.count('turn.crash.lost', where)
  }
}

let conversations = 0

/** Three turns; what the model is told with the last one. */
async function converse(
  { lab, model, server, scenario }: Trying,
  loss: Loss,
): Promise<{ readonly context: string; readonly messages: number }> {
  conversations += 1
  const conversationId = `outlive ${conversations}`
  await server.clean()
  const store = createMemoryStore()
  const history = createHistoryStore({ knex: lab.ground.database.knex })
  const mark = `${scenario.name} ${conversations}`
  const held = model.gate(mark)
  let turns = 0
  const options = (words: string): TurnOptions => {
    turns += 1
    const turnId = `${conversationId} ${turns}`
    store.addTurn({ conversationId, turnId })
    return {
      client: server.client,
      store,
      history,
      conversationId,
      turnId,
      prompt: { text: words, ...(words.startsWith('Do') && scenario.prompt) },
      session: { title: 'A conversation' },
      timing: { pollMs: 250, graceMs: 20_000 },
    }
  }
  model.answer([
    on(`Begin ${mark}`, reply(text('Begun.'))),
    on(`Do ${mark}`, reply(...scenario.before, gate(mark), ...scenario.after), { times: 3 }),
    on(`Next ${mark}`, reply(text('Next.'))),
    // A sub-agent has a prompt of its own.
    ...scenario.before.flatMap((step) =>
      step.kind === 'tool' && step.reply !== undefined && typeof step.input !== 'string'
        ? [on(String(step.input['prompt']), step.reply, { times: 3 })]
        : [],
    ),
  ])
  done(await runTurn(options(`Begin ${mark}`)))
  const running = runTurn(options(`Do ${mark}`))
  if (loss === 'in mid-turn') {
    await held.reached({ timeoutMs: 60_000 })
    await server.lose()
  }
  held.open()
  done(await running)
  if (loss === 'between turns') await server.lose()
  done(await runTurn(options(`Next ${mark}`)))
  const request = model.requests.filter(({ prompt }) => prompt === `Next ${mark}`).at(-1)
  if (request === undefined) throw new Error(`the model was not asked for ${mark}`)
  // The number is that of this run.
  const context = contextOf(request).replaceAll(mark, scenario.name)
  return { context, messages: request.messages.length }
}

function done(result: TurnResult): void {
  if (result.status === 'completed') return
  const code = result.status === 'failed' ? result.error.message : ''
  throw new Error(`a turn was ${result.status} ${code}`)
}
