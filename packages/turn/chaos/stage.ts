import { type DatabaseName, databases, type OpenDatabase } from '@turnstead-internal/databases'
import {
  conversationColumns,
  createSessionStore,
  messageColumns,
  type SessionStore,
} from '@turnstead/session'
import {
  ask,
  type Impostor,
  on,
  reply,
  type ScenarioLike,
  startImpostor,
  text,
  tool,
} from '@turnstead/testkit'
import { type Client, createClient } from '@turnstead/wire'
import { runTurn, type TurnOptions, type TurnResult } from '../src/index.js'

/** The prompt of every turn here, and the whole answer to it. */
export const promptText = 'Hello'
export const wholeText = 'One. \n\nTwo.'

/** A turn with everything in it that a turn waits for: texts, a permission, a file. */
const scenario: ScenarioLike = [
  on(
    promptText,
    reply(
      text('One. '),
      ask.permission(tool.write({ filePath: 'a.txt', content: 'a' })),
      text('Two.'),
    ),
    { times: 50 },
  ),
]

/** Rows in one real database; each experiment gets a conversation of its own. */
export interface Ground {
  readonly name: DatabaseName
  readonly database: OpenDatabase
  close(): Promise<void>
}

export async function openGround(name: DatabaseName): Promise<Ground | string> {
  const kind = databases.find((one) => one.name === name)
  if (kind === undefined) throw new Error(`no database named ${name}`)
  if (kind.skip !== null) return kind.skip
  const database = await kind.open()
  const { knex } = database
  await knex.schema.createTable('conversations', (table) => {
    table.increments()
    conversationColumns(table)
  })
  await knex.schema.createTable('messages', (table) => {
    table.increments()
    table.integer('conversation_id').notNullable()
    messageColumns(table)
  })
  return { name, database, close: () => database.close() }
}

/** One Impostor and one conversation with a pending turn. */
export interface Stage {
  readonly ground: Ground
  readonly impostor: Impostor
  readonly client: Client
  readonly store: SessionStore
  readonly conversationId: number
  readonly turnId: number
  readonly reports: string[]
  options(more?: Partial<TurnOptions>): TurnOptions
  /** Another store of the same rows, as another process has it. */
  anotherStore(): SessionStore
  close(): Promise<void>
}

let conversations = 0

export async function openStage(ground: Ground, played: ScenarioLike = scenario): Promise<Stage> {
  const { knex } = ground.database
  conversations += 1
  const conversationId = conversations
  // Ids of its own: the rows of all experiments are in one database, and a session belongs to one conversation.
  const impostor = await startImpostor(played, { seed: conversations })
  const client = createClient({
    baseUrl: impostor.url,
    reconnect: { firstDelayMs: 5, maxDelayMs: 20 },
  })
  const turnId = conversationId
  await knex('conversations').insert({ id: conversationId })
  await knex('messages').insert({
    id: turnId,
    conversation_id: conversationId,
    turn_status: 'pending',
  })
  const anotherStore = (): SessionStore =>
    createSessionStore({ knex, instance: globalThis.crypto.randomUUID() })
  const store = anotherStore()
  const reports: string[] = []
  return {
    ground,
    impostor,
    client,
    store,
    conversationId,
    turnId,
    reports,
    anotherStore,
    options: (more) => ({
      client,
      store,
      conversationId,
      turnId,
      prompt: { text: promptText },
      owner: 'worker-1',
      asks: () => ({ action: 'allow' }),
      onError: (error, { step }) => reports.push(`${step}: ${String(error)}`),
      ...more,
      timing: { leaseMs: 600, pollMs: 40, graceMs: 120, snapshotMs: 20, ...more?.timing },
      budgets: { requestMs: 1_000, stopMs: 2_000, ...more?.budgets },
    }),
    async close() {
      await client.close()
      await impostor.close()
    },
  }
}

/** Runs the turn as a queue does: again as long as the result asks for it. */
export async function runAsJob(stage: Stage, more?: Partial<TurnOptions>): Promise<TurnResult> {
  const deadline = performance.now() + 20_000
  for (;;) {
    const result = await runTurn(stage.options({ store: stage.anotherStore(), ...more }))
    if (result.status !== 'skipped' || !result.mustRunAgain) return result
    if (performance.now() > deadline) return result
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
