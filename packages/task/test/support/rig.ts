import {
  type Impostor,
  type ImpostorOptions,
  type ScenarioLike,
  startImpostor,
} from '@turnstead/testkit'
import { type Client, createClient } from '@turnstead/wire'
import type { OpenCodeRunOutput, OpenCodeTask } from '../../src/index.js'

/** One Impostor and a client of it. */
export interface Rig extends AsyncDisposable {
  readonly impostor: Impostor
  readonly client: Client
  /** The user messages that the server holds, of all sessions. */
  userMessages(): Promise<number>
}

export async function openRig(scenario?: ScenarioLike, options?: ImpostorOptions): Promise<Rig> {
  const impostor = await startImpostor(scenario, options)
  const client = createClient({
    baseUrl: impostor.url,
    reconnect: { firstDelayMs: 5, maxDelayMs: 20 },
  })
  return {
    impostor,
    client,
    async userMessages() {
      const sessions = await client.session.list()
      const lists = await Promise.all(sessions.map(({ id }) => client.session.messages(id)))
      return lists.flat().filter(({ info }) => info.role === 'user').length
    },
    async [Symbol.asyncDispose]() {
      await client.close()
      await impostor.close()
    },
  }
}

/** The outputs of one call, as the AI SDK takes them from the tool. */
export function execute(
  task: OpenCodeTask,
  input: { readonly prompt: string; readonly sessionId?: string; readonly outputFile?: string },
  options: { readonly toolCallId?: string; readonly abortSignal?: AbortSignal } = {},
): AsyncGenerator<OpenCodeRunOutput, void, void> {
  const { toolCallId = 'call-1', abortSignal } = options
  const outputs = task.execute?.(input, {
    toolCallId,
    messages: [],
    ...(abortSignal && { abortSignal }),
  })
  return outputs as AsyncGenerator<OpenCodeRunOutput, void, void>
}

export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

/** The last output of a call. */
export async function lastOf(
  outputs: AsyncIterable<OpenCodeRunOutput>,
): Promise<OpenCodeRunOutput> {
  const last = (await all(outputs)).at(-1)
  if (last === undefined) throw new Error('the call gave no output')
  return last
}
