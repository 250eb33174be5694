import { type DatabaseName, databases, type OpenDatabase } from '@turnstead-internal/databases'
import type { KnexSessionStore } from '@turnstead/session'
import { always, type Impostor, type Reply, startImpostor } from '@turnstead/testkit'
import { machineFactor } from '@turnstead/testkit/opencode'
import { type Client, createClient } from '@turnstead/wire'
import { type Prompt, runTurn, type TurnOptions, type TurnResult } from '../src/index.js'
import { type Address, type OpenNotifier, openNotifier, openStore, type Place } from './place.js'
import type { ServerAddress } from './processes/worker.js'
import { policyOf, promptText, type Scene, sceneOf } from './scenes.js'
import { createTablePool, type TablePool } from './table-pool.js'

/** Rows in one real database; each experiment has tables of its own in it, so that a sweep finds only what is its. */
export interface Ground {
  readonly name: DatabaseName
  readonly database: OpenDatabase
  /** What a process needs to be at the same rows and notices. */
  readonly address: Address
  /** That of this process; null where the rows alone are followed. */
  readonly notifier: OpenNotifier | null
  readonly tables: TablePool
  close(): Promise<void>
}

export async function openGround(name: DatabaseName): Promise<Ground | string> {
  const kind = databases.find((one) => one.name === name)
  if (kind === undefined) throw new Error(`no database named ${name}`)
  if (kind.skip !== null) return kind.skip
  const database = await kind.open()
  const redis = process.env['TEST_REDIS_URL']
  const notifier = { postgresql: database.url, mysql: redis, sqlite: undefined }[name] ?? null
  const address = { database: database.url, notifier }
  const ours = openNotifier(notifier)
  return {
    name,
    database,
    address,
    notifier: ours,
    tables: createTablePool(database.knex),
    async close() {
      await ours?.close()
      await database.close()
    },
  }
}

/** The server of a stage. */
export interface Upstream {
  readonly address: ServerAddress
  /** How often the agent began to work on this prompt. */
  runs(prompt: string): number
  /** Every answer to an ask that was sent, by its path. */
  answers(): readonly string[]
  /** Ends the process without a word, and starts it again. */
  restart(): Promise<void>
  close(): Promise<void>
}

/** One server and one conversation with a pending turn. */
export interface Stage<Server extends Upstream = Upstream> {
  readonly ground: Ground
  readonly scene: Scene
  readonly place: Place
  readonly upstream: Server
  readonly client: Client
  readonly store: KnexSessionStore
  readonly conversationId: number
  readonly turnId: number
  readonly prompt: Prompt & { readonly text: string }
  readonly reports: string[]
  /** How much longer than on a calm machine its times are. */
  readonly slowness: number
  options(more?: Partial<TurnOptions>): TurnOptions
  /** Another store of the same rows, as another process has it. */
  anotherStore(): KnexSessionStore
  close(): Promise<void>
}

/** A stage on Impostor. */
export type ImpostorStage = Stage<Upstream & { readonly impostor: Impostor }>

/** Of this process alone: all that run on a server of a database hear each other's notices. */
let conversations = (process.pid % 2_000) * 1_000_000

/** Opens a stage on an Impostor of its own. */
async function openStage(ground: Ground, scene: Scene = sceneOf('all')): Promise<ImpostorStage> {
  return await openStageOn(ground, scene, openImpostor)
}

/** Lets something happen on a stage of its own, on an Impostor. */
export async function onStage(
  ground: Ground,
  scene: Scene,
  work: (stage: ImpostorStage) => Promise<void>,
): Promise<void> {
  const stage = await openStage(ground, scene)
  try {
    await work(stage)
  } finally {
    await stage.close()
  }
}

/** Opens a stage on the server that is given. */
export async function openStageOn<Server extends Upstream>(
  ground: Ground,
  scene: Scene,
  openUpstream: (scene: Scene, prompt: string) => Promise<Server>,
): Promise<Stage<Server>> {
  const { knex } = ground.database
  conversations += 1
  const conversationId = conversations
  const turnId = conversationId
  const prompt = { ...scene.prompt, text: `${promptText} ${conversationId}` }
  const slowness = Math.ceil(machineFactor())
  const place = await ground.tables.take()
  const upstream = await openUpstream(scene, prompt.text)
  const client = createClient({
    ...upstream.address,
    reconnect: { firstDelayMs: 5, maxDelayMs: 20 },
  })
  await knex(place.conversations).insert({ id: conversationId })
  await knex(place.messages).insert({
    id: turnId,
    conversation_id: conversationId,
    turn_status: 'pending',
  })
  const anotherStore = (): KnexSessionStore => openStore(knex, place, ground.notifier)
  const store = anotherStore()
  const reports: string[] = []
  return {
    ground,
    scene,
    place,
    upstream,
    client,
    store,
    conversationId,
    turnId,
    prompt,
    reports,
    slowness,
    anotherStore,
    options: (more) => ({
      client,
      store,
      ...(ground.notifier === null ? {} : { notifier: ground.notifier }),
      conversationId,
      turnId,
      prompt,
      owner: 'worker-1',
      asks: policyOf(scene),
      onError: (error, { step }) => reports.push(`${step}: ${String(error)}`),
      ...more,
      timing: {
        leaseMs: 600 * slowness,
        pollMs: 40,
        graceMs: 120 * slowness,
        snapshotMs: 20,
        ...more?.timing,
      },
      budgets: { requestMs: 1_000 * slowness, stopMs: 2_000 * slowness, ...more?.budgets },
    }),
    async close() {
      await client.close()
      await upstream.close()
      await ground.tables.give(place)
    },
  }
}

async function openImpostor(
  { played }: Scene,
  prompt: string,
): Promise<Upstream & { readonly impostor: Impostor }> {
  let runs = 0
  const play = (): Reply => {
    runs += 1
    return played
  }
  // Ids of its own: notices of all experiments go through one notifier.
  const impostor = await startImpostor([always(prompt, play)], { seed: conversations })
  const isAnswer = /^\/(?:permission|question)\/[^/]+\/(?:reply|reject)$/
  return {
    impostor,
    address: { baseUrl: impostor.url },
    runs: () => runs,
    answers: () =>
      impostor.journal.entries
        .filter(({ method, path }) => method === 'POST' && isAnswer.test(path))
        .map(({ path }) => path),
    restart: () => impostor.restart({ deafMs: 30 }),
    close: () => impostor.close(),
  }
}

/** Runs the turn as a queue does: again as long as the result asks for it. */
export async function runAsJob(stage: Stage, more?: Partial<TurnOptions>): Promise<TurnResult> {
  const deadline = performance.now() + 20_000 * stage.slowness
  for (;;) {
    const result = await runTurn(stage.options({ store: stage.anotherStore(), ...more }))
    if (result.status !== 'skipped' || !result.mustRunAgain) return result
    if (performance.now() > deadline) return result
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
