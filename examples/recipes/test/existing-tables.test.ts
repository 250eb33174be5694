import { databases } from '@turnstead-internal/databases'
import type { OpenDatabase } from '@turnstead-internal/databases'
import { reply, startImpostor, text } from '@turnstead/testkit'
import { createClient } from '@turnstead/wire'
import { expect } from 'chai'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'mocha'
import type { Job } from '../src/orms/existing-tables.js'

// Of this process alone: on a server that others use as well, a schema is everyone's.
const schema = `desk_${process.pid}`
process.env['DESK_SCHEMA'] = schema
const { answer, ask, atWorkFor, openDesk, steps, tables } =
  await import('../src/orms/existing-tables.js')

/** A help desk as it was before it had an agent. */
async function createDesk({ knex, name }: OpenDatabase): Promise<void> {
  await knex.raw(
    name === 'sqlite' ? `attach database ':memory:' as ${schema}` : `create schema ${schema}`,
  )
  await knex.schema.withSchema(schema).createTable('case', (table) => {
    table.uuid('caseId').primary()
    table.integer('userId').notNullable()
    table.string('subject').notNullable()
    table.string('status').notNullable()
  })
  await knex.schema.withSchema(schema).createTable('caseNote', (table) => {
    table.bigInteger('no').primary()
    table.uuid('case').notNullable()
    table.string('from').notNullable()
    table.text('text').notNullable()
    table.string('status').notNullable()
  })
}

async function dropDesk({ knex, name }: OpenDatabase): Promise<void> {
  if (name === 'postgresql') await knex.raw(`drop schema if exists ${schema} cascade`)
  if (name === 'mysql') await knex.raw(`drop schema if exists ${schema}`)
}

describe('tables that exist already', () => {
  for (const kind of databases) {
    if (kind.skip !== null) {
      it(`get an agent on ${kind.name} (skipped: ${kind.skip})`)
      continue
    }

    it(`get an agent on ${kind.name}, from their migration to an answer`, async () => {
      const database = await kind.open()
      const { knex } = database
      await using impostor = await startImpostor(reply(text('Turn it off and on again.')))
      await using client = createClient({ baseUrl: impostor.url })
      try {
        await dropDesk(database)
        await createDesk(database)
        const caseId = randomUUID()
        const { table } = tables.messages
        await knex(tables.conversations.table).insert({
          caseId,
          userId: 7,
          subject: 'The lamp',
          status: 'open',
        })
        await knex(table).insert({
          no: '9007199254740993',
          case: caseId,
          from: 'customer',
          text: 'It is dark.',
          status: 'sent',
        })
        for (const { up } of steps) await up(knex)
        const desk = await openDesk(knex, client, 'worker-1')
        const queue: Job[] = []
        const job: Job = { caseId, no: 9_007_199_254_740_994n, text: 'It is dark.' }
        await ask(desk, job, async (each) => void queue.push(each))
        const { signal } = new AbortController()
        await answer(desk, queue[0]!, signal)
        await answer(desk, job, signal)
        const note = await knex(table).where('no', String(job.no)).first()
        expect(note).to.include({
          from: 'agent',
          text: 'Turn it off and on again.',
          status: 'completed',
          turn_status: 'completed',
        })
        const asked = await knex(table).where('no', '9007199254740993').first()
        expect(asked).to.include({ text: 'It is dark.', status: 'sent', turn_status: null })
        expect(await client.session.list()).to.have.lengthOf(1)
        const next: Job = { ...job, no: job.no + 1n }
        await ask(desk, next, async () => undefined)
        const ids = { conversationId: caseId, turnId: next.no }
        await desk.store.claim({ ...ids, owner: 'worker-2', leaseMs: 1000 })
        const atWork = await atWorkFor(desk, 7)
        expect(atWork.map(({ turnId }) => String(turnId))).to.deep.equal([String(next.no)])
        expect(await atWorkFor(desk, 8)).to.deep.equal([])
        for (const { down } of steps.toReversed()) await down(knex)
        expect(await knex(table).where('no', String(job.no)).first()).not.to.have.any.keys(
          'turn_status',
          'turn_reply',
        )
      } finally {
        if (kind.name !== 'sqlite') await dropDesk(database)
        await database.close()
      }
    })
  }

  it('are described by the code that runs here', async () => {
    const code = await readFile(new URL('../src/orms/existing-tables.ts', import.meta.url), 'utf8')
    const page = await readFile(
      new URL('../../../docs/existing-application.md', import.meta.url),
      'utf8',
    )
    expect(page).to.include(`\n\`\`\`ts\n${code}\`\`\`\n`)
  })
})
