import { readdirSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { createReply, parseReply } from '../src/index.js'
import type { Reply } from '../src/index.js'
import { storedPart, verdict } from './compare.js'
import { noTokens } from '../src/records/tokens.js'
import { contradictions } from './server-truth.js'

const directory = new URL('../../testkit/cassettes/', import.meta.url)

/** What a transcript of the real server holds about one session: its events and its last `GET message`. */
export interface Recording {
  readonly name: string
  readonly sessionId: string
  readonly promptIds: readonly string[]
  readonly events: readonly unknown[]
  readonly messages: readonly unknown[]
}

interface Line {
  readonly dir: string
  readonly n?: number
  readonly method?: string
  readonly path?: string
  readonly body?: unknown
  readonly raw?: string
  readonly stream?: string
}

/** Every recording that ends with a whole message list. */
export function recordings(): readonly Recording[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.jsonl'))
  return names.flatMap((name) => readRecordings(name.replace('.jsonl', '')))
}

/** The recordings of one transcript. */
export function readRecordings(name: string): readonly Recording[] {
  const text = readFileSync(new URL(`${name}.jsonl`, directory), 'utf8')
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Line => JSON.parse(line))
  const requests = new Map<number, Line>()
  const lists = new Map<string, { messages: readonly unknown[]; seen: number }>()
  const events: unknown[] = []
  for (const line of lines) {
    if (line.dir === 'req' && line.n !== undefined) requests.set(line.n, line)
    const event = line.dir === 'sse' ? parseFrame(line) : null
    if (event !== null) events.push(event)
    const request = line.dir === 'res' ? requests.get(line.n ?? -1) : undefined
    const sessionId = /^\/session\/(ses_\w+)\/message(\?directory=[^&]*)?$/.exec(
      request?.path ?? '',
    )?.[1]
    if (request?.method === 'GET' && sessionId !== undefined && Array.isArray(line.body)) {
      lists.set(sessionId, { messages: line.body, seen: events.length })
    }
  }
  return [...lists].map(([sessionId, { messages, seen }]) => ({
    name,
    sessionId,
    promptIds: promptsOf(messages),
    events: events.slice(0, seen),
    messages,
  }))
}

function parseFrame({ raw = '', stream }: Line): unknown {
  if ((stream !== 'event' && stream !== 'after') || !raw.startsWith('data: ')) return null
  try {
    return JSON.parse(raw.slice('data: '.length))
  } catch {
    return null
  }
}

function promptsOf(messages: readonly unknown[]): readonly string[] {
  return messages
    .map((message) => Object(message).info)
    .filter((info) => info.role === 'user')
    .map((info) => info.id)
}

/** The outcome of {@link compareCassettes}. */
export interface Comparison {
  readonly cutPoints: number
  readonly mismatches: readonly string[]
}

/** Cuts every recording after every event, polls, and compares with the poll alone and with the raw messages. */
export function compareCassettes(chosen: readonly Recording[] = recordings()): Comparison {
  let cutPoints = 0
  const mismatches: string[] = []
  for (const recording of chosen) {
    for (const promptId of recording.promptIds) {
      const alone = createReply({ sessionId: recording.sessionId, promptId })
      poll(alone, recording)
      const expected = ownSession(alone)
      mismatches.push(
        ...contradictions(alone.view(), recording.messages).map(
          (each) => `${recording.name}: ${each}`,
        ),
      )
      const live = createReply({ sessionId: recording.sessionId, promptId })
      for (const [index, event] of recording.events.entries()) {
        live.apply(event)
        const cut = parseReply(live.toJSON())
        poll(cut, recording)
        cutPoints += 1
        if (!isDeepStrictEqual(ownSession(cut), expected)) {
          mismatches.push(`${recording.name} ${promptId}: cut after event ${index}`)
        }
      }
      poll(live, recording)
      if (!isDeepStrictEqual(ownSession(live), expected))
        mismatches.push(`${recording.name} ${promptId}: whole`)
    }
  }
  return { cutPoints, mismatches }
}

function poll(reply: Reply, { messages }: Recording): void {
  reply.reconcile(messages, { sessionIdle: true, permissions: [], questions: [] })
}

/** Only the lists of the reply's own session are in the recordings, so sub-agents are left out. */
function ownSession(reply: Reply): unknown {
  const view = reply.view()
  return {
    parts: storedPart({
      ...view,
      children: [],
      messages: view.messages.filter(({ sessionId }) => sessionId === view.sessionId),
      cost: 0,
      tokens: noTokens,
    }),
    verdict: verdict(reply, true),
  }
}
