import { createHistoryStore } from '@turnstead/session/history'
import { createSessionStore, serversMigration } from '@turnstead/session'
import { on, reply, type ScriptedModel, startScriptedModel, text, tool } from '@turnstead/testkit'
import { type RunningOpencode, startOpencode } from '@turnstead/testkit/opencode'
import { type Client, createClient } from '@turnstead/wire'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drainServer, type NamedServer, runTurn, type TurnResult } from '../../src/index.js'
import type { Lab } from '../lab.js'
import { printFigure } from './print.js'

const conversations = 60
const atOnce = 10
const password = 'of all three'

/** One of the three, which is stopped and started as another version. */
interface Host {
  readonly name: string
  readonly client: Client
  upgrade(): Promise<void>
  close(): Promise<void>
}

interface Talk {
  readonly id: number
  said: number
  isBusy: boolean
}

/**
 * Three real servers under 60 conversations with traffic: each is drained, stopped and started again, as the version of
 * `OUTLIVE_NEXT_OPENCODE` where that names an executable. No turn may be lost or run twice, and the model must be told all that
 * was said in its conversation before.
 */
export async function runDrain(lab: Lab): Promise<void> {
  const { knex } = lab.ground.database
  const place = await lab.ground.tables.take()
  await serversMigration().up(knex)
  const model = await startScriptedModel([
    on(
      / 1$/,
      reply(text('To work. '), tool.write({ filePath: 'notes.txt', content: 'x' }), text('Noted.')),
    ),
    on(/./, reply(text('Noted.'))),
  ])
  const directory = await mkdtemp(join(tmpdir(), 'turnstead-drain-'))
  const hosts: Host[] = []
  const tables = {
    conversations: { table: place.conversations },
    messages: { table: place.messages },
  }
  const workers = ['worker 1', 'worker 2'].map((owner) => ({
    owner,
    store: createSessionStore({ knex, ...tables, instance: owner }),
    history: createHistoryStore({ knex }),
  }))
  const first = 9_000_000
  const talks = Array.from({ length: conversations }, (_, index): Talk => ({
    id: first + index,
    said: 0,
    isBusy: false,
  }))
  let turns = first
  let isOver = false
  let moved = 0
  const lose = (talk: Talk, words: string): void =>
    lab.tally.count('turn.crash.lost', `drain: conversation ${talk.id}: ${words}`)
  let lost = 0

  const sayNext = async (talk: Talk): Promise<void> => {
    talk.said += 1
    turns += 1
    const turnId = turns
    await knex(place.messages).insert({
      id: turnId,
      conversation_id: talk.id,
      turn_status: 'pending',
    })
    const worker = workers[turnId % workers.length]
    if (worker === undefined) return
    const words = wordsOf(talk, talk.said)
    const options = {
      ...worker,
      client: hosts as readonly NamedServer[],
      conversationId: talk.id,
      turnId,
      prompt: { text: words },
      session: { title: 'A conversation' },
    }
    let result: TurnResult = await runTurn(options)
    for (
      let tries = 0;
      result.status === 'skipped' && result.mustRunAgain && tries < 100;
      tries += 1
    ) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      result = await runTurn(options)
    }
    if (result.status !== 'skipped' && result.session === 'restored') moved += 1
    const problem = problemOf(model, talk, result)
    if (problem === null) return
    lost += 1
    lose(talk, problem)
  }
  const traffic = async (): Promise<void> => {
    while (!isOver) {
      const free = talks.filter(({ isBusy }) => !isBusy)
      const talk = free[Math.floor(Math.random() * free.length)]
      if (talk === undefined) return
      talk.isBusy = true
      await sayNext(talk).catch((error: unknown) => {
        lost += 1
        lose(talk, String(error))
      })
      talk.isBusy = false
    }
  }
  try {
    for (const name of ['a', 'b', 'c']) hosts.push(await startHost(name, model, directory))
    await knex(place.conversations).insert(talks.map(({ id }) => ({ id })))
    const running = Array.from({ length: atOnce }, traffic)
    const store = workers[0]?.store
    if (store === undefined) throw new Error('there are workers')
    await untilAll(talks, 1)
    for (const host of hosts) {
      await drainServer({ store, server: host.name })
      process.stderr.write(`#   drain: ${host.name} is empty\n`)
      await host.upgrade()
      await store.markServer({ name: host.name, state: 'active' })
      await untilAll(talks, Math.min(...talks.map(({ said }) => said)) + 1)
    }
    isOver = true
    await Promise.all(running)
    printFigure('turn.drain.conversations', conversations, { better: 'higher' })
    printFigure('turn.drain.turns', turns - first, { better: 'higher' })
    printFigure('turn.drain.moved', moved, { better: 'higher' })
    printFigure('turn.drain.lost', lost)
  } finally {
    isOver = true
    for (const host of hosts) await host.close()
    await model.close()
    await serversMigration().down(knex)
    await lab.ground.tables.give(place)
    await rm(directory, { recursive: true, force: true })
  }
}

const wordsOf = ({ id }: Talk, number: number): string => `Say in ${id} number ${number}`

/** Null when it completed, was asked once, and with all that was said before. */
function problemOf(model: ScriptedModel, talk: Talk, result: TurnResult): string | null {
  if (result.status === 'skipped') return `skipped: ${result.reason}`
  if (result.status !== 'completed') {
    return `${result.status}: ${result.status === 'failed' ? result.error.message : ''}`
  }
  const mine = model.requests.filter(({ prompt }) => prompt === wordsOf(talk, talk.said))
  const whole = mine.at(-1)
  if (whole === undefined) return 'the model was not asked'
  const asked = mine.filter(({ messages }) => messages.at(-1)?.role === 'user').length
  if (asked !== 1) return `the model was asked ${asked} times`
  const told = JSON.stringify(whole.messages)
  for (let number = 1; number < talk.said; number += 1) {
    if (!told.includes(`${wordsOf(talk, number)}"`)) return `the model was not told of ${number}`
  }
  return null
}

async function untilAll(talks: readonly Talk[], said: number): Promise<void> {
  const deadline = performance.now() + 300_000
  while (talks.some((talk) => talk.said < said || (talk.said === said && talk.isBusy))) {
    if (performance.now() > deadline) throw new Error(`not all conversations came to turn ${said}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function startHost(name: string, model: ScriptedModel, directory: string): Promise<Host> {
  const dataDir = await mkdtemp(join(tmpdir(), `turnstead-drain-${name}-`))
  const open = { model, dataDir, directory, password }
  let server: RunningOpencode = await startOpencode(open)
  const { url: baseUrl, username } = server
  const client = createClient({ baseUrl, username, password, directory, env: {} })
  const next = process.env['OUTLIVE_NEXT_OPENCODE']
  return {
    name,
    client,
    async upgrade() {
      const { version: before } = await client.global.health()
      await server.kill('SIGTERM')
      await server.close()
      const port = Number(new URL(baseUrl).port)
      server = await startOpencode({
        ...open,
        port,
        ...(next === undefined ? {} : { binary: next }),
      })
      const { version: after } = await client.global.health()
      process.stderr.write(`#   drain: ${name} was ${before} and is ${after}\n`)
    },
    async close() {
      await client.close()
      await server.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
