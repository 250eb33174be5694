import { createClient } from '@turnstead/wire'
import { createMemoryStore, runTurn } from '../../src/index.js'
import { cpuMicros } from './measure.js'

/** CPU while all of them stream: from when each has said something until the first one is over. */
export interface Steady {
  /** In microseconds. */
  readonly cpu: number
  readonly deltas: number
}

/** Finds that time from what it is told. */
export function createSteadyWatch(count: number): {
  began(): void
  ended(): void
  heard(): void
  read(): Steady
} {
  let talking = 0
  let from: Steady | null = null
  let result: Steady | null = null
  let deltas = 0
  const now = (): Steady => ({ cpu: cpuMicros(), deltas })
  return {
    began() {
      talking += 1
      if (talking === count) from = now()
    },
    ended() {
      if (from === null || result !== null) return
      const { cpu, deltas: all } = now()
      result = { cpu: cpu - from.cpu, deltas: all - from.deltas }
    },
    heard: () => void (deltas += 1),
    read() {
      if (result === null) throw new Error('they never all streamed at a time')
      return result
    },
  }
}

export type SteadyWatch = ReturnType<typeof createSteadyWatch>

/** How turns are run. */
export interface Crowd {
  readonly steady?: SteadyWatch
  /** A piece of text is here. */
  readonly onDelta?: (delta: string) => void
  /** Between the starts of two turns. Default: all start at once. */
  readonly startEveryMs?: number
}

/** Runs so many turns at a time, each of which keeps its text; the result is how many deltas came. */
export async function runTurns(
  baseUrl: string,
  count: number,
  { onDelta, startEveryMs = 0, steady }: Crowd = {},
): Promise<number> {
  const store = createMemoryStore()
  const client = createClient({ baseUrl, env: {} })
  let heard = 0
  const run = async (index: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, index * startEveryMs))
    store.addTurn({ conversationId: index, turnId: index })
    let text = ''
    const result = await runTurn({
      client,
      store,
      conversationId: index,
      turnId: index,
      prompt: { text: 'Hello' },
      onReply: (reply) => {
        reply.observe({
          textDelta: ({ delta }) => {
            if (text === '') steady?.began()
            text += delta
            heard += 1
            steady?.heard()
            onDelta?.(delta)
          },
          // The server states the whole text at its end.
          partFinished: () => steady?.ended(),
        })
      },
    })
    if (result.status !== 'completed' || result.reply.text !== text) {
      throw new Error(`turn ${index} ended as ${result.status}, or without some of its text`)
    }
  }
  try {
    await Promise.all(Array.from({ length: count }, (_, index) => run(index)))
  } finally {
    await client.close()
  }
  return heard
}

/** The least that anybody could write: one stream, `JSON.parse`, and a text for each session. */
export async function readBare(
  url: string,
  count: number,
  { steady }: Pick<Crowd, 'steady'> = {},
): Promise<number> {
  const stop = new AbortController()
  const stream = await fetch(`${url}/event`, { signal: stop.signal })
  const texts = new Map<string, string>()
  const decoder = new TextDecoder()
  let rest = ''
  let heard = 0
  let ended = 0
  for await (const chunk of stream.body ?? []) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true })
    const frames = rest.split('\n\n')
    rest = frames.pop() ?? ''
    for (const frame of frames) {
      const { type, properties } = JSON.parse(frame.slice(6)) as {
        type: string
        properties: Record<string, string>
      }
      const { sessionID = '', delta = '' } = properties
      if (type === 'message.part.delta') {
        const text = texts.get(sessionID) ?? ''
        if (text === '') steady?.began()
        texts.set(sessionID, text + delta)
        heard += 1
        steady?.heard()
      } else if (type === 'server.connected') {
        for (let index = 0; index < count; index += 1) void ask(url)
      } else if (type === 'session.idle') {
        ended += 1
        steady?.ended()
      }
    }
    if (ended === count) break
  }
  stop.abort()
  return heard
}

async function ask(url: string): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  const { id } = (await (await post('/session', {})).json()) as { id: string }
  await post(`/session/${id}/prompt_async`, { parts: [{ type: 'text', text: 'Hello' }] })
}
