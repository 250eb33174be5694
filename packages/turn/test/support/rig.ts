import {
  type Impostor,
  type ImpostorOptions,
  type ScenarioLike,
  startImpostor,
} from '@turnstead/testkit'
import { type Client, createClient } from '@turnstead/wire'
import type { Reply, ReplyObserver } from '@turnstead/reply'
import type { TurnOptions } from '../../src/index.js'
import { openRows, type Rows } from './rows.js'

/** One Impostor, one conversation in a real SQLite, and options that make a turn quick. */
export interface Rig {
  readonly impostor: Impostor
  readonly rows: Rows
  readonly client: Client
  /** Errors that turns survived, as `step: message`. */
  readonly reports: string[]
  /** Another client, as another worker has it. */
  connect(): Client
  options(turnId: number, text: string, more?: Partial<TurnOptions>): TurnOptions
  /** The user messages that the server holds for the conversation. */
  userMessages(): Promise<number>
  close(): Promise<void>
}

/** Watches every reply of a turn. */
export function observing(observer: ReplyObserver): (reply: Reply) => void {
  return (reply) => void reply.observe(observer)
}

export async function openRig(
  scenario?: ScenarioLike,
  impostorOptions?: ImpostorOptions,
): Promise<Rig> {
  const impostor = await startImpostor(scenario, impostorOptions)
  const rows = await openRows()
  const clients: Client[] = []
  const connect = (): Client => {
    const client = createClient({
      baseUrl: impostor.url,
      reconnect: { firstDelayMs: 5, maxDelayMs: 20 },
    })
    clients.push(client)
    return client
  }
  const client = connect()
  const reports: string[] = []

  return {
    impostor,
    rows,
    client,
    reports,
    connect,
    options: (turnId, text, more) => ({
      client,
      store: rows.store,
      conversationId: rows.conversationId,
      turnId,
      prompt: { text },
      owner: 'worker-1',
      onError: (error, { step }) => reports.push(`${step}: ${String(error)}`),
      ...more,
      // A worker that is dead in a test gives up soon, so that its process can end.
      budgets: { unreachableMs: 3_000, ...more?.budgets },
      timing: { leaseMs: 1_000, pollMs: 40, graceMs: 120, snapshotMs: 20, ...more?.timing },
    }),
    async userMessages() {
      const sessions = await client.session.list()
      const lists = await Promise.all(sessions.map(({ id }) => client.session.messages(id)))
      return lists.flat().filter(({ info }) => info.role === 'user').length
    },
    async close() {
      await Promise.all(clients.map((one) => one.close()))
      await impostor.close()
      await rows.close()
    },
  }
}
