import { databases } from '@turnstead-internal/databases'
import type { DatabaseName } from '@turnstead-internal/databases'
import { expect } from 'chai'
import type { Knex } from 'knex'
import { describe, it } from 'mocha'
import { assertSchema, createSessionStore, SessionError, turnMigration } from '../src/index.js'
import type { TurnMigrationOptions } from '../src/index.js'
import { createHostTables } from './support/open-rows.js'

async function problemsOf(knex: Knex, options?: TurnMigrationOptions): Promise<string[]> {
  const error: unknown = await assertSchema(knex, options).catch((reason: unknown) => reason)
  if (error === undefined) return []
  if (!SessionError.is(error)) throw new Error('must be a SessionError', { cause: error })
  expect(error).to.include({ code: 'schema_mismatch', retryable: false })
  return error.message.split('\n- ').slice(1)
}

/** The statements that a problem gives as its remedy. */
const remedy = (problem: string): string => /(?:alter|create)\s.*(?=\.$)/.exec(problem)?.[0] ?? ''

/** What a host may have made of our columns, and what the error says. */
const changes: Readonly<Record<DatabaseName, readonly (readonly [sql: string, RegExp])[]>> = {
  sqlite: [],
  postgresql: [
    ['alter table messages alter turn_reply type varchar(4000)', /turn_reply.*4000.*any length/],
    ['alter table messages alter turn_settled_at type integer', /turn_settled_at.*integer/],
    ['alter table messages alter turn_status type varchar(8)', /turn_status.*8 characters.*16/],
    ['alter table messages alter turn_finish type char(64)', /turn_finish.*blanks/],
    ['alter table messages alter turn_fence drop not null', /turn_fence.*null/],
    ['alter table conversations alter turn_id type varchar(12)', /turn_id.*12 characters.*20/],
  ],
  mysql: [
    ['alter table messages modify turn_reply text charset utf8mb4', /turn_reply.*64 KB/],
    ['alter table messages modify turn_text longtext charset latin1', /turn_text.*latin1/],
    ['alter table messages modify turn_reasoning longtext charset utf8mb3', /turn_reasoning.*utf8/],
    ['alter table messages modify turn_error_message varchar(255)', /turn_error_message.*255/],
    ['alter table messages modify turn_started_at int', /turn_started_at.*int/],
    ['alter table messages modify turn_fence bigint null', /turn_fence.*null/],
    ['alter table messages modify turn_session_recreated bit(1) not null', /recreated.*bit/],
    ['alter table conversations modify turn_id varchar(12)', /turn_id.*12 characters.*20/],
  ],
}

for (const kind of databases) {
  describe(`assertSchema on ${kind.name}`, () => {
    if (kind.skip !== null) {
      it(`names everything that is missing (skipped: ${kind.skip})`)
      return
    }

    it('is content with what the migration made, whatever the options', async () => {
      const { knex, close } = await kind.open()
      const options = {
        conversations: { prefix: 'ai_', columns: { title: 'title' } },
        messages: { prefix: 'ai_' },
        indexPrefix: 'ours_',
      }
      try {
        await createHostTables(knex)
        for (const each of [{}, options]) {
          await turnMigration(each).up(knex)
          expect(await problemsOf(knex, each)).to.deep.equal([])
        }
      } finally {
        await close()
      }
    })

    it('is named by a verb that meets tables which no migration has prepared', async () => {
      const { knex, close } = await kind.open()
      const refused = async (): Promise<unknown> =>
        createSessionStore({ knex })
          .claim({ conversationId: 1, turnId: 1, owner: 'a', leaseMs: 1_000 })
          .catch((error: unknown) => error)
      try {
        // Without the tables, and without our columns in them.
        for (const prepare of [async () => {}, async () => createHostTables(knex)]) {
          await prepare()
          const error = await refused()
          expect(error).to.include({ code: 'database_failed', retryable: false })
          expect(error)
            .to.have.property('message')
            .that.matches(/run our migrations.*`assertSchema`/)
        }
      } finally {
        await close()
      }
    })

    it('names the tables, the columns and the indexes that are missing, all at once', async () => {
      const { knex, close } = await kind.open()
      try {
        expect(await problemsOf(knex)).to.have.lengthOf(2)
        await createHostTables(knex)
        const bare = await problemsOf(knex, { messages: { columns: { id: 'key' } } })
        expect(bare).to.have.lengthOf(5)
        expect(bare.join()).to.match(/turn_fence.*turnstead-001-turns.*`messages.columns.id`/)
        await turnMigration().up(knex)
        await knex.schema.alterTable('messages', (table) => {
          table.dropIndex([], 'turnstead_open')
          table.dropIndex([], 'turnstead_waiting')
        })
        const [open, waiting, ...others] = await problemsOf(knex)
        expect(others).to.deep.equal([])
        expect(open).to.match(/create index .turnstead_open. on .messages. /)
        for (const problem of [open!, waiting!]) await knex.raw(remedy(problem))
        expect(await problemsOf(knex)).to.deep.equal([])
      } finally {
        await close()
      }
    })

    if (changes[kind.name].length === 0) return
    it('names the columns that cannot hold a reply or a time, with a remedy that works', async () => {
      const { knex, close } = await kind.open()
      try {
        await createHostTables(knex)
        await turnMigration().up(knex)
        for (const [sql] of changes[kind.name]) await knex.raw(sql)
        const problems = await problemsOf(knex)
        const said = problems.join('\n')
        for (const [sql, words] of changes[kind.name]) expect(said, sql).to.match(words)
        expect(problems).to.have.lengthOf(changes[kind.name].length)
        for (const problem of problems) await knex.raw(remedy(problem))
        expect(await problemsOf(knex)).to.deep.equal([])
      } finally {
        await close()
      }
    })
  })
}

describe('the options of assertSchema', () => {
  it('are refused where there are none of that name', async () => {
    const database = await databases[0]?.open()
    try {
      const misspelt = { histroy: {} } as never
      await assertSchema(database?.knex as never, misspelt).then(
        () => expect.fail('it was taken'),
        (error: unknown) =>
          expect(String(error)).to.match(
            /`assertSchema` has no option "histroy"; it has .*`history`/,
          ),
      )
    } finally {
      await database?.close()
    }
  })
})

describe('assertSchema', () => {
  const kind = databases.find(({ name }) => name === 'postgresql')!
  if (kind.skip !== null) {
    it(`takes an index that was not finished for none (skipped: ${kind.skip})`)
    return
  }

  it('takes an index that was not finished for none, and types of the host that hold everything', async () => {
    const { knex, close } = await kind.open()
    try {
      await createHostTables(knex)
      await turnMigration().up(knex)
      await knex.raw('alter table messages alter turn_reply type jsonb using turn_reply::jsonb')
      await knex.raw(
        "create type state as enum ('pending', 'running', 'completed', 'failed', 'cancelled')",
      )
      await knex.raw('alter table messages alter turn_status type state using turn_status::state')
      expect(await problemsOf(knex)).to.deep.equal([])
      await knex('conversations').insert([
        { id: 1, opencode_session_id: 'ses_1' },
        { id: 2, opencode_session_id: 'ses_2' },
      ])
      await knex.raw('drop index turnstead_session')
      await knex('conversations').update({ opencode_session_id: 'ses_1' })
      const sql =
        'create unique index concurrently turnstead_session on conversations (opencode_session_id)'
      await knex.raw(sql).catch(() => undefined)
      await knex('conversations').where({ id: 2 }).update({ opencode_session_id: null })
      expect((await problemsOf(knex)).join()).to.match(/dropped `turnstead_session`, which is not/)
      const error: unknown = await turnMigration()
        .up(knex)
        .catch((reason: unknown) => reason)
      expect(String(error)).to.match(/`turnstead_session`.*was not finished: drop it/)
    } finally {
      await close()
    }
  })
})
