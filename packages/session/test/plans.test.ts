import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import type { Knex } from 'knex'
import { after, before, describe, it } from 'mocha'
import { assertSchema, createSessionStore } from '../src/index.js'
import type { KnexSessionStore } from '../src/index.js'
import { insertManyRows, longConversation } from './support/many-rows.js'
import { openRows } from './support/open-rows.js'
import type { Rows } from './support/open-rows.js'

/** `PLAN_ROWS=1000000` shows the same on a million rows, and prints how long each read takes. */
const rowCount = Number(process.env['PLAN_ROWS'] ?? 20_000)
const isLarge = rowCount > 100_000

interface Asked {
  readonly sql: string
  readonly bindings: readonly unknown[]
}

interface Question {
  readonly index: RegExp
  readonly ask: Ask
  /** Of all reads, not only of the last one. Default: false. */
  readonly isEach?: boolean
}

type Ask = (store: KnexSessionStore, knex: Knex) => Promise<unknown>

/** What is asked, and the index that must serve it on each database. */
const asked: Readonly<Record<string, Question>> = {
  'leftovers of a conversation with very many turns': {
    index: /turnstead_open/,
    ask: (store) =>
      store.claimConversation({ conversationId: longConversation, owner: 'w', leaseMs: 1000 }),
  },
  'the turns that run': {
    index: /turnstead_(?:open|pending)/,
    ask: (store) => store.runningTurns(),
  },
  "the turns that run of one person's conversations": {
    index: /turnstead_(?:open|pending)|messages_conversation_id/,
    ask: (store) =>
      store.runningTurns({
        conversations: (query) => query.whereIn('id', [longConversation, 2, 3, 4]),
      }),
  },
  'the turns that wait for a person': {
    // Where few run, each of the three is as good.
    index: /turnstead_(?:waiting|open|pending)/,
    ask: (store) => store.waitingTurns({ after: { waitingSince: 4000, turnId: 0 } }),
  },
  'the conversation of a session': {
    index: /turnstead_session/,
    ask: (_, knex) => knex('conversations').where({ opencode_session_id: 'ses_7' }).select('id'),
  },
  'all that a sweep looks for': {
    index: /turnstead_(?:owner|open|pending|due)/,
    isEach: true,
    ask: (store) => store.sweep(),
  },
}

for (const kind of databases) {
  describe(`plans for ${rowCount} messages on ${kind.name}`, function () {
    this.timeout(isLarge ? 1_200_000 : 60_000)
    if (kind.skip !== null) {
      it(`use the indexes (skipped: ${kind.skip})`)
      return
    }
    let rows: Rows
    let store: KnexSessionStore
    before(async () => {
      rows = await openRows(kind)
      await insertManyRows(rows.knex, rowCount)
      store = createSessionStore({ knex: rows.knex })
    })
    after(() => rows.close())

    it('need no more than the plain statements to add the indexes', async () => {
      for (const [sql] of addIndexes) {
        const name = sql.split(' ').find((word) => word.startsWith('turnstead_'))!
        await rows.knex.raw(
          `drop index ${name}${kind.name === 'mysql' ? ` on ${sql.includes('on messages') ? 'messages' : 'conversations'}` : ''}`,
        )
        const from = performance.now()
        await rows.knex.raw(sql)
        const ms = Math.round(performance.now() - from)
        if (isLarge) console.log(`      ${kind.name}: ${name}: ${ms} ms`)
      }
      await assertSchema(rows.knex)
    })

    for (const [what, { index, ask, isEach = false }] of Object.entries(asked)) {
      it(`find ${what} by an index`, async () => {
        const reads: Asked[] = []
        const listen = ({ sql, bindings }: Asked): void => {
          if (sql.startsWith('select')) reads.push({ sql, bindings })
        }
        rows.knex.on('query', listen)
        await ask(store, rows.knex)
        rows.knex.off('query', listen)
        for (const read of isEach ? reads : reads.slice(-1)) {
          const plan = await explain(rows.knex, read)
          expect(plan, read.sql).to.match(index)
          expect(plan, read.sql).not.to.match(/Seq Scan on messages|SCAN m(?:essages)?\b(?! USING)/)
          if (!isLarge) continue
          const from = performance.now()
          await run(rows.knex, read)
          const ms = (performance.now() - from).toFixed(1)
          console.log(`      ${kind.name}: ${what}: ${ms} ms`)
        }
      })
    }
  })
}

const addIndexes: readonly (readonly [sql: string])[] = [
  ['create unique index turnstead_session on conversations (opencode_session_id)'],
  ['create index turnstead_open on messages (turn_status, turn_closed_at, conversation_id)'],
  ['create index turnstead_pending on messages (turn_status, turn_pending_since)'],
  ['create index turnstead_waiting on messages (turn_waiting_since)'],
  ['create index turnstead_due on messages (turn_due_at)'],
]

async function explain(knex: Knex, read: Asked): Promise<string> {
  const word = knex.client.dialect === 'sqlite3' ? 'explain query plan' : 'explain'
  const plan = await run(knex, { ...read, sql: `${word} ${read.sql}` })
  if (knex.client.dialect !== 'mysql') return JSON.stringify(plan)
  // Not the keys that would have been possible, too.
  const [steps] = plan as [readonly Readonly<Record<'table' | 'type' | 'key', string | null>>[]]
  return steps
    .map(({ table, type, key }) => `${type === 'ALL' ? 'SCAN' : 'by'} ${table} ${key}`)
    .join()
}

/** As the store's own statement, whose placeholders are the driver's. */
async function run(knex: Knex, { sql, bindings }: Asked): Promise<unknown> {
  const client = knex.client as Knex.Client & {
    _query(connection: unknown, query: object): Promise<{ readonly response: unknown }>
  }
  const connection: unknown = await client.acquireConnection()
  try {
    const { response } = await client._query(connection, { sql, bindings })
    return (response as { readonly rows?: unknown }).rows ?? response
  } finally {
    await client.releaseConnection(connection)
  }
}
