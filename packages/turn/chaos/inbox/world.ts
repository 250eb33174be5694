import type { KnexSessionStore, TurnRecord } from '@turnstead/session'
import { always, gate, type Impostor, reply, startImpostor, text, tool } from '@turnstead/testkit'
import { machineFactor } from '@turnstead/testkit/opencode'
import { type Client, createClient, WireError } from '@turnstead/wire'
import { createTurnWorker, type TurnWorker } from '../../src/index.js'
import { openStore, type Place } from '../place.js'
import type { Ground } from '../stage.js'
import { isForeign, type Op, type State, type Told } from './reference.js'

const slowness = Math.ceil(machineFactor())
const patienceMs = 20_000 * slowness

/** A conversation on rows of its own and on an Impostor of its own, with two workers and those who write to it. */
export interface World {
  /** Does something, and says what was answered. */
  play(op: Op): Promise<string>
  /** Waits until things stand as the reference has it; says what does not. */
  awaitState(state: State): Promise<string[]>
  /** Lets the model say everything, until no one waits. */
  drain(): Promise<void>
  /** What was asked of the model, in order, by the prompt that it was asked for. */
  readonly asked: readonly string[]
  turns(): Promise<readonly TurnRecord[]>
  /** The texts of the user messages that the server has. */
  prompts(): Promise<readonly string[]>
  close(): Promise<void>
}

/** Of one conversation. */
const mostTurns = 16
/** Of this process alone, as the keys of stages are. */
let worlds = (process.pid % 2_000) * 1_000_000 + 500_000

export async function openWorld(ground: Ground): Promise<World> {
  worlds += mostTurns
  const conversationId = worlds
  const place = await ground.tables.take()
  const { knex } = ground.database
  await knex(place.conversations).insert({ id: conversationId })
  const asked: string[] = []
  const impostor = await startImpostor(
    [
      always(/./, ({ text: name }) => {
        asked.push(name)
        if (isForeign(name)) return reply(text(`${name} says.`))
        const write = tool.write({ filePath: 'a.txt', content: 'a' })
        return reply(text(`${name} looks.`), gate(name), write, text(`${name} alone.`))
      }),
    ],
    { seed: worlds },
  )
  const clients: Client[] = []
  const connect = (): Client => {
    const client = createClient({
      baseUrl: impostor.url,
      reconnect: { firstDelayMs: 5, maxDelayMs: 20 },
    })
    clients.push(client)
    return client
  }
  const web = openStore(knex, place, ground.notifier)
  const workers = [1, 2].map((number) =>
    openWorker(ground, place, { client: connect(), owner: `worker ${number}` }),
  )
  return createWorld({ ground, place, conversationId, impostor, asked, web, workers, clients })
}

function openWorker(
  { notifier, database }: Ground,
  place: Place,
  { client, owner }: { readonly client: Client; readonly owner: string },
): TurnWorker {
  return createTurnWorker({
    client,
    owner,
    store: openStore(database.knex, place, notifier),
    ...(notifier === null ? {} : { notifier }),
    timing: { leaseMs: 500 * slowness, pollMs: 30, graceMs: 60 * slowness, snapshotMs: 50 },
    budgets: { requestMs: 2_000 * slowness, stopMs: 4_000 * slowness },
  })
}

interface Parts {
  readonly ground: Ground
  readonly place: Place
  readonly conversationId: number
  readonly impostor: Impostor
  readonly asked: string[]
  readonly web: KnexSessionStore
  readonly workers: readonly TurnWorker[]
  readonly clients: readonly Client[]
}

function createWorld(parts: Parts): World {
  const { ground, place, conversationId, impostor, asked, web, workers, clients } = parts
  const { knex } = ground.database
  const [client] = clients
  const turnIds: number[] = []
  let foreign = 0

  const sessionId = async (): Promise<string | null> =>
    (await client?.session.list())?.[0]?.id ?? null

  const post = async (delivery: 'queue' | 'steer'): Promise<string> => {
    const turnId = conversationId + turnIds.length
    turnIds.push(turnId)
    const name = `turn ${turnIds.length}`
    const row = { id: turnId, conversation_id: conversationId, turn_status: 'pending' }
    await knex(place.messages).insert(row)
    const input = { text: name }
    const result = await web.enqueue({ conversationId, turnId, input, delivery })
    // The job of a queue, which any worker may get, and which comes back until it is done.
    const worker = workers[turnIds.length % workers.length]
    worker?.enqueue({ conversationId, turnId }).catch(() => undefined)
    return result.accepted ? 'accepted' : result.reason
  }

  const byOther = async (noReply: boolean): Promise<string> => {
    const id = await sessionId()
    if (id === null) return ''
    foreign += 1
    const body = { parts: [{ type: 'text' as const, text: `foreign ${foreign}` }], noReply }
    try {
      await client?.session.promptAsync(id, body)
    } catch (error) {
      // One that was made for a turn that was cancelled meanwhile is deleted again.
      if (!WireError.is(error) || error.code !== 'session_not_found') throw error
    }
    return ''
  }

  const prompts = async (): Promise<readonly string[]> => {
    const id = await sessionId()
    if (id === null || client === undefined) return []
    const messages = await client.session.messages(id)
    return messages.flatMap(({ info, parts: [part] }) =>
      info.role === 'user' && part?.type === 'text' ? [part.text] : [],
    )
  }

  const turns = async (): Promise<readonly TurnRecord[]> =>
    (await Promise.all(turnIds.map((id) => web.read(id)))).filter((turn) => turn !== null)

  const wrongNow = async (state: State): Promise<string[]> => {
    const rows = await turns()
    const wrong = state.told.flatMap((told, index) => wrongIn(told, rows[index]))
    const waits = state.current !== null && !isAtGate(state.current)
    if (waits) wrong.push(`the model is not at ${state.current}`)
    const known = new Set(state.inside.length > 0 ? await prompts() : [])
    wrong.push(
      ...state.inside.filter((name) => !known.has(name)).map((name) => `${name} did not arrive`),
    )
    if (state.current === null) wrong.push(...(await stillAtWork()))
    return wrong
  }

  const reached = new Set<string>()
  const isAtGate = (name: string): boolean => {
    if (reached.has(name)) return true
    impostor
      .gate(name)
      .reached({ timeoutMs: patienceMs })
      .then(
        () => reached.add(name),
        () => undefined,
      )
    return reached.has(name)
  }

  const stillAtWork = async (): Promise<string[]> => {
    const [row] = (await knex(place.conversations).select('turn_owner')) as {
      readonly turn_owner: string | null
    }[]
    const isBusy = Object.keys((await client?.session.status()) ?? {}).length > 0
    return [
      ...(row?.turn_owner == null ? [] : ['the conversation is held']),
      ...(isBusy ? ['the agent is at work'] : []),
    ]
  }

  const play = async (op: Op): Promise<string> => {
    switch (op.verb) {
      case 'post':
        return await post(op.delivery)
      case 'foreign':
        return await byOther(op.noReply)
      case 'withdraw':
      case 'cancel': {
        const turnId = turnIds[op.which % Math.max(1, turnIds.length)]
        if (turnId === undefined) return ''
        return op.verb === 'withdraw'
          ? await web.withdraw(turnId)
          : String(await web.cancel({ turnId }))
      }
      case 'go':
        // The one that the model is at, if it is at one.
        for (const name of reached) if (isAtGate(name)) impostor.gate(name).open()
        return ''
    }
  }

  return {
    asked,
    play,
    prompts,
    turns,
    async awaitState(state) {
      const deadline = performance.now() + patienceMs
      for (;;) {
        const wrong = await wrongNow(state)
        if (wrong.length === 0 || performance.now() > deadline) return wrong
        await new Promise((resolve) => setTimeout(resolve, 3))
      }
    },
    async drain() {
      const deadline = performance.now() + patienceMs
      for (const index of turnIds.keys()) impostor.gate(`turn ${index + 1}`).open()
      const isOver = ({ status, closedAt, prompt }: TurnRecord): boolean =>
        status !== 'pending' && status !== 'running' && (closedAt !== null || prompt === null)
      while (performance.now() < deadline) {
        if ((await turns()).every(isOver) && (await stillAtWork()).length === 0) return
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close()))
      await Promise.all(clients.map((each) => each.close()))
      await impostor.close()
      await ground.tables.give(place)
    },
  }
}

function wrongIn(told: Told, row: TurnRecord | undefined): string[] {
  const statuses = {
    waiting: 'pending',
    running: 'running',
    completed: 'completed',
    cancelled: 'cancelled',
    withdrawn: 'cancelled',
  } as const
  const { name, status, text: wanted } = told
  if (row === undefined) return [`${name} has no row`]
  if (row.status !== statuses[status]) return [`${name} is ${row.status}, not ${status}`]
  if (status === 'withdrawn' && row.reason !== 'withdrawn') return [`${name} was not withdrawn`]
  if (wanted !== null && (row.text ?? '') !== wanted) {
    return [`${name} says ${JSON.stringify(row.text)}, not ${JSON.stringify(wanted)}`]
  }
  return []
}
