import type { SessionStore } from '@turnstead/session'
import { gate, type Step, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import type { Rig } from './rig.js'

/** The model says something, waits, and asks for a tool: what comes then reaches it with its next step. */
export const looks: readonly Step[] = [
  text('I look.'),
  gate('look'),
  tool.write({ filePath: 'a.txt', content: 'a' }),
]

/** A message as a web process puts it in the line; gives its row. */
export async function post(
  { rows }: Rig,
  words: string,
  delivery: 'queue' | 'steer' = 'queue',
): Promise<number> {
  const turnId = await rows.addMessage()
  const { conversationId } = rows
  const request = { conversationId, turnId, input: { text: words }, delivery }
  const result = await rows.anotherStore().enqueue(request)
  expect(result).to.include({ accepted: true, delivery })
  return turnId
}

/** Until the server has so many prompts. */
export async function arrived(rig: Rig, prompts: number): Promise<void> {
  await until(async () => (await rig.userMessages()) >= prompts)
}

/** Until something is so. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise(setImmediate)
}

/** The session of the conversation. */
export async function sessionOf({ client }: Rig): Promise<string> {
  return (await client.session.list())[0]?.id ?? ''
}

/** What the server's answers have cost together, and what the rows say that they did. */
export async function costs(rig: Rig): Promise<{ readonly server: number; readonly rows: number }> {
  const messages = await rig.client.session.messages(await sessionOf(rig))
  const rows = (await rig.rows.database.knex('messages').select('turn_input_tokens')) as {
    readonly turn_input_tokens: number
  }[]
  const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0)
  return {
    server: sum(messages.map(({ info }) => (info.role === 'assistant' ? info.tokens.input : 0))),
    rows: sum(rows.map((row) => Number(row.turn_input_tokens))),
  }
}

/** How each row ended, in the order of their keys: its status and what answered it. */
export async function ends(
  rig: Rig,
  store: Pick<SessionStore, 'read'> = rig.rows.store,
): Promise<readonly string[]> {
  const ids = (await rig.rows.database.knex('messages').orderBy('id').pluck('id')) as number[]
  const turns = await Promise.all(ids.map((id) => store.read(id)))
  return turns.map((turn) => `${turn?.status}: ${turn?.text ?? turn?.reason ?? ''}`)
}
