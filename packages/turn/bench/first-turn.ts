/**
 * What a whole turn costs over the least that anybody could write: open the stream with `fetch`, post the
 * prompt, parse frames until the first text. Both against the same real server in the same run, in turn.
 */
import { createSessionStore, conversationColumns, messageColumns } from '@turnstead/session'
import { createLibsqlKnex } from '@turnstead/session/libsql'
import { always, reply, startScriptedModel, text } from '@turnstead/testkit'
import {
  findOpencodeBinary,
  type RunningOpencode,
  startOpencode,
} from '@turnstead/testkit/opencode'
import { runTurn } from '@turnstead/turn'
import { createClient } from '@turnstead/wire'

const rounds = 21
const warmUps = 3

export const firstTurn = {
  name: 'first_turn',
  async run() {
    const measured = await measure('one conversation')
    if (measured === null) return []
    const { added, statements } = measured
    const name = 'first_turn.time_to_first_text_ms_over_bare_fetch'
    return [
      { name, value: round2(median(added)), unit: 'ms', better: 'lower' },
      {
        name: 'first_turn.sql_statements',
        value: median(statements),
        unit: 'statements',
        better: 'lower',
      },
    ] as const
  },
}

/** The same where each turn is the first of its conversation, so that both make a session first. */
export const firstText = {
  name: 'turn.first_text_ms_over_bare',
  async run() {
    const measured = await measure('fresh conversations')
    if (measured === null) return []
    const value = round2(median(measured.added))
    return [{ name: 'turn.first_text_ms_over_bare', value, unit: 'ms', better: 'lower' }] as const
  },
}

type Conversations = 'one conversation' | 'fresh conversations'

async function measure(conversations: Conversations): Promise<{
  readonly added: readonly number[]
  readonly statements: readonly number[]
} | null> {
  if (findOpencodeBinary() === null) {
    process.stderr.write('# skipped: no opencode binary for this platform\n')
    return null
  }
  const model = await startScriptedModel(
    always(() => true, reply(text('Hello there, this is it.'))),
  )
  const server = await startOpencode({ model, snapshot: false })
  const turns = await openTurns(server, conversations)
  const bare = await openBareLoop(server, conversations)
  const added: number[] = []
  const statements: number[] = []
  try {
    for (let round = 0; round < rounds + warmUps; round += 1) {
      const bareMs = await bare.timeToFirstText()
      const turn = await turns.timeToFirstText()
      if (round < warmUps) continue
      added.push(turn.ms - bareMs)
      statements.push(turn.statements)
    }
  } finally {
    await turns.close()
    await server.close()
    await model.close()
  }
  return { added, statements }
}

async function openTurns(server: RunningOpencode, conversations: Conversations) {
  const knex = createLibsqlKnex({ filename: ':memory:' })
  await knex.schema.createTable('conversations', (table) => {
    table.increments()
    conversationColumns(table)
  })
  await knex.schema.createTable('messages', (table) => {
    table.increments()
    table.integer('conversation_id')
    messageColumns(table)
  })
  const { url: baseUrl, username, password, directory } = server
  const client = createClient({ baseUrl, username, password, directory })
  const store = createSessionStore({ knex })
  let turnId = 0
  let statements = 0
  knex.on('query', () => (statements += 1))

  return {
    async timeToFirstText() {
      turnId += 1
      const conversationId = conversations === 'one conversation' ? 1 : turnId
      await knex('conversations').insert({ id: conversationId }).onConflict('id').ignore()
      await knex('messages').insert({
        id: turnId,
        conversation_id: conversationId,
        turn_status: 'pending',
      })
      statements = 0
      let firstAt: number | null = null
      const from = performance.now()
      const result = await runTurn({
        client,
        store,
        conversationId,
        turnId,
        prompt: { text: 'Hello' },
        onReply: (reply) => {
          reply.observe({ textDelta: () => void (firstAt ??= performance.now()) })
        },
      })
      if (result.status !== 'completed' || firstAt === null) {
        throw new Error(`the turn of message ${turnId} ended as ${result.status}`)
      }
      return { ms: firstAt - from, statements }
    },
    async close() {
      await client.close()
      await knex.destroy()
    },
  }
}

async function openBareLoop(server: RunningOpencode, conversations: Conversations) {
  const at = (path: string): string =>
    `${server.url}${path}?directory=${encodeURIComponent(server.directory)}`
  const headers = { ...server.headers, 'content-type': 'application/json' }
  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(at(path), { method: 'POST', headers, body: JSON.stringify(body) })
  const createSession = async (): Promise<string> => {
    const created = await post('/session', {})
    return ((await created.json()) as { id: string }).id
  }
  const only = await createSession()

  return {
    async timeToFirstText(): Promise<number> {
      const from = performance.now()
      const id = conversations === 'one conversation' ? only : await createSession()
      const stop = new AbortController()
      const stream = await fetch(at('/event'), { headers: server.headers, signal: stop.signal })
      let rest = ''
      let firstAt: number | null = null
      const decoder = new TextDecoder()
      for await (const chunk of stream.body ?? []) {
        rest += decoder.decode(chunk as Uint8Array, { stream: true })
        const frames = rest.split('\n\n')
        rest = frames.pop() ?? ''
        const types = frames.map((frame) => (JSON.parse(frame.slice(6)) as { type: string }).type)
        if (types.includes('server.connected')) {
          const parts = [{ type: 'text', text: 'Hello' }]
          await post(`/session/${id}/prompt_async`, { parts })
        }
        if (types.includes('message.part.delta')) firstAt ??= performance.now()
        if (types.includes('session.idle')) break
      }
      stop.abort()
      if (firstAt === null) throw new Error('the bare loop saw no text')
      return firstAt - from
    },
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
