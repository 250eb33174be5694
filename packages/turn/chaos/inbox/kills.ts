import { always, reply, text } from '@turnstead/testkit'
import { taskOf } from '../crash/points.js'
import type { Lab } from '../lab.js'
import { sceneOf } from '../scenes.js'
import { soon } from '../soon.js'
import { type ImpostorStage, onStage, runAsJob } from '../stage.js'
import { type Point, pointsOf, wordsOf } from '../watched-ports.js'

const atOnce = 4
const patienceMs = 30_000
/** Far from the keys of all stages: notices of all of them go through one notifier. */
const apart = 400_000
const signal = 'SIGKILL'

/** A worker process that is killed at every call of a turn to which a message comes, and another one that goes on. */
export async function killWorkers(lab: Lab): Promise<void> {
  let calls: readonly string[] = []
  const undisturbed = {
    name: `inbox ${lab.ground.name}: undisturbed`,
    attempt: async () => void (calls = await tryPoint(lab, null)),
  }
  await lab.run('inbox, undisturbed', [undisturbed], { atOnce: 1 })
  const points = pointsOf(calls).filter(({ when }) => when === 'before')
  const trials = lab.choose(points, { first: 60, later: 12 }).map((point) => ({
    name: `inbox ${lab.ground.name}: ${signal} ${wordsOf(point)}`,
    attempt: async () => void (await tryPoint(lab, point)),
  }))
  await lab.run('inbox, workers', trials, { atOnce })
}

/** @returns what the worker called. */
async function tryPoint(lab: Lab, point: Point | null): Promise<readonly string[]> {
  let calls: readonly string[] = []
  const name = `inbox ${lab.ground.name}: ${point === null ? 'undisturbed' : wordsOf(point)}`
  await onStage(lab.ground, sceneOf('steered'), async (stage) => {
    calls = await steerInto(lab, stage, point)
    for (const words of await lostIn(stage)) {
      lab.tally.count('turn.inbox.lost', `${name}: ${words}`)
    }
    for (const words of await twiceIn(stage)) {
      lab.tally.count('turn.inbox.twice', `${name}: ${words}`)
    }
  })
  if (point !== null) lab.tally.crashed()
  return calls
}

async function steerInto(
  { crew }: Lab,
  stage: ImpostorStage,
  point: Point | null,
): Promise<readonly string[]> {
  const { conversationId, turnId, prompt, store, upstream } = stage
  const { impostor } = upstream
  impostor.answer(always(later, reply(text('Both.'))))
  await store.enqueue({ conversationId, turnId, input: prompt })
  const worker = await crew.take()
  let isDead = false
  let die: () => void = () => undefined
  const died = new Promise<void>((resolve) => (die = resolve))
  const death = point === null ? null : ({ ...point, signal } as const)
  const running = worker.run(taskOf(stage, death), () => {
    isDead = true
    die()
  })
  const atGate = impostor.gate('look').reached({ timeoutMs: patienceMs * stage.slowness })
  atGate.catch(() => undefined)
  await Promise.race([died, atGate, running])
  const { knex } = stage.ground.database
  await knex(stage.place.messages).insert({
    id: turnId + apart,
    conversation_id: conversationId,
    turn_status: 'pending',
  })
  const steer = { conversationId, turnId: turnId + apart, input: { text: later } }
  await store.enqueue({ ...steer, delivery: 'steer' })
  const deadline = performance.now() + patienceMs * stage.slowness
  while (!isDead && performance.now() < deadline && !(await promptsOf(stage)).includes(later)) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  impostor.gate('look').open()
  const result = await soon(running, patienceMs * stage.slowness)
  if (result === 'late') worker.signal(signal)
  if (isDead || result === 'late') await worker.gone
  crew.give(worker)
  // Their jobs come back, and a sweep finds what is not closed.
  do {
    for (const id of [turnId, turnId + apart]) await runAsJob(stage, { turnId: id })
  } while (!(await isClosed(stage)) && performance.now() < deadline)
  return result === 'late' || result === null ? [] : result.calls
}

const later = 'And this'

async function isClosed({ store, turnId }: ImpostorStage): Promise<boolean> {
  const turns = await Promise.all([turnId, turnId + apart].map((id) => store.read(id)))
  return turns.every((turn) => turn !== null && turn.closedAt !== null)
}

async function lostIn(stage: ImpostorStage): Promise<string[]> {
  const { store, turnId } = stage
  const [turn, steered] = [await store.read(turnId), await store.read(turnId + apart)]
  const wrong: string[] = []
  for (const [name, row] of [
    ['the turn', turn],
    ['the message', steered],
  ] as const) {
    if (row?.status !== 'completed') wrong.push(`${name} is ${row?.status}, ${row?.reason}`)
    else if (row.closedAt === null) wrong.push(`${name} is not closed`)
  }
  const texts = ['I look.', 'I look.\n\nAlone.']
  if (!texts.includes(turn?.text ?? '')) wrong.push(`the turn says ${turn?.text}`)
  if (steered?.text !== 'Both.') wrong.push(`the message is answered ${steered?.text}`)
  return wrong
}

async function twiceIn(stage: ImpostorStage): Promise<string[]> {
  const prompts = await promptsOf(stage)
  const runs = stage.upstream.runs(stage.prompt.text)
  return [
    ...(prompts.length === 2 ? [] : [`the server has ${prompts.join(', ')}`]),
    ...(runs === 1 ? [] : [`the turn was asked ${runs} times`]),
  ]
}

async function promptsOf({ client }: ImpostorStage): Promise<readonly string[]> {
  const [session] = await client.session.list()
  if (session === undefined) return []
  const messages = await client.session.messages(session.id)
  return messages.flatMap(({ info, parts: [part] }) =>
    info.role === 'user' && part?.type === 'text' ? [part.text] : [],
  )
}
