import { assertSchema, createSessionStore, migrations } from '@turnstead/session'
import { runTurn } from '@turnstead/turn'
import type { Client } from '@turnstead/wire'
import type { Knex } from 'knex'

const schema = process.env['DESK_SCHEMA'] ?? 'desk'

/** Where your rows are: only what differs from the defaults. Ours are columns beside yours, and begin with `turn_`. */
export const tables = {
  conversations: { table: `${schema}.case`, columns: { id: 'caseId', title: 'subject' } },
  messages: { table: `${schema}.caseNote`, columns: { id: 'no', conversationId: 'case' } },
}

/** One more step of your own chain of migrations: each is `{ name, up, down }`. */
export const steps = migrations(tables)

/** What a process has once. Rejects when the tables cannot hold a turn, and says what to do. */
export async function openDesk(knex: Knex, client: Client, owner: string) {
  await assertSchema(knex, tables)
  return { knex, client, owner, store: createSessionStore({ knex, ...tables }) }
}

type Desk = Awaited<ReturnType<typeof openDesk>>

export interface Job {
  readonly caseId: string
  /** The note that is to hold the answer. */
  readonly no: bigint
  readonly text: string
}

/** In a web request: an empty note for the answer, and the job in your queue, in one transaction of yours. */
export async function ask(desk: Desk, job: Job, enqueue: (job: Job, trx: Knex) => Promise<void>) {
  await desk.knex.transaction(async (trx) => {
    const note = { no: String(job.no), case: job.caseId, from: 'agent', text: '', status: 'draft' }
    const turn = { turn_status: 'pending', turn_input: JSON.stringify({ text: job.text }) }
    await trx(tables.messages.table).insert({ ...note, ...turn })
    await enqueue(job, trx)
  })
}

/** The job. However often it is delivered, the question is asked once. */
export async function answer(desk: Desk, job: Job, signal: AbortSignal): Promise<void> {
  const result = await runTurn({
    ...desk,
    conversationId: job.caseId,
    turnId: job.no,
    prompt: { text: job.text },
    signal,
    // Into columns of your own, when the conversation is free again.
    onSettled: async (settled) => {
      if (settled.status === 'skipped') return
      const note = desk.knex(tables.messages.table).where('no', String(settled.turnId))
      await note.update({ text: settled.reply.text, status: settled.status })
    },
  })
  if (result.status === 'skipped' && result.mustRunAgain) throw new Error(result.reason)
}

/** For a page: what the agent does for one of your users, without reading any answer. */
export async function atWorkFor(desk: Desk, userId: number) {
  return desk.store.runningTurns({ conversations: (query) => query.where('userId', userId) })
}
