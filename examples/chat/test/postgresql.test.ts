import { ask, on, reply, text, tool } from '@turnstead/testkit'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { migrateQueue } from '../src/jobs/graphile-queue.js'
import { readStream, startApp } from './support/app.js'
import { startChatProcess } from './support/chat-process.js'
import { freePort } from './support/front.js'

const askFirst = reply(
  ask.permission(tool.write({ filePath: 'a.txt', content: 'a' })),
  text('Done.'),
)
const nextTick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the chat on PostgreSQL', () => {
  const postgresql = databases.find(({ name }) => name === 'postgresql')
  const skip = postgresql === undefined ? 'not known here' : postgresql.skip
  if (postgresql === undefined || skip !== null) {
    console.warn(`SKIPPED: the chat on PostgreSQL (${skip})`)
    it.skip(`works on PostgreSQL (skipped: ${skip})`)
  } else {
    it('works on PostgreSQL', async () => {
      const database = await postgresql.open({ isAlone: true })
      try {
        const app = await startApp(reply(text('Hello.')), { databaseUrl: database.url })
        // The user's clipboard may hold what PostgreSQL does not take.
        expect((await app.post('/conversations', 'G\u0000o')).status).to.equal(303)
        const stream = await readStream(app.url + app.streamOf(1))
        await stream.until('class="facts"')
        stream.close()
        expect(await app.text('/conversations/1')).to.match(/Go .*Hello\. .*tokens in.*\$/)
        while ((await app.rows.store.read(1))?.closedAt == null) await nextTick()
        const { list } = app.rows
        for (const search of ['HELLO', 'go', '']) {
          expect(await list.all({ search }), search).to.have.lengthOf(1)
        }
        expect(await list.all({ search: 'hello%' })).to.deep.equal([])
        expect(await list.ids()).to.deep.equal([1])
        expect(await list.changedSince(0)).to.deep.equal(await list.all())
        expect(await list.costSince(0)).to.equal((await list.find(1))?.cost)
        await list.rename(1, 'Renamed')
        expect(await app.text('/')).to.contain('Renamed')
        expect((await app.post('/conversations/1/delete', '')).status).to.equal(303)
        expect((await app.get('/conversations/1')).status).to.equal(404)
        await app.close()
      } finally {
        await database.close()
      }
    })

    it('answers each question of docs/deploy.md with what is so', async () => {
      const database = await postgresql.open({ isAlone: true })
      const app = await startApp([on('Go', reply(text('Hello.'))), on('Ask', askFirst)], {
        databaseUrl: database.url,
      })
      const schema = 'deploy_questions'
      await migrateQueue(database.url, schema)
      try {
        for (const [index, prompt] of ['Go', 'Ask'].entries()) {
          await app.post('/conversations', prompt)
          const stream = await readStream(app.url + app.streamOf(index + 1))
          await stream.until(prompt === 'Go' ? 'class="facts"' : 'class="ask"')
          stream.close()
          while (prompt === 'Go' && (await app.rows.store.read(1))?.closedAt == null) {
            await nextTick()
          }
        }
        const page = await readFile(new URL('../../../docs/deploy.md', import.meta.url), 'utf8')
        const [, block = ''] = /```sql\n([^`]*(?:`[^`]+`[^`]*)*?)```/.exec(page) ?? []
        const answers: unknown[] = []
        for (const question of block.split('\n\n')) {
          const asked = await app.database.raw(question.replace('graphile_worker.', `${schema}.`))
          answers.push(asked.rows)
        }
        const [ended, unkept, , waiting, stuck, , cost] = answers
        expect(ended).to.have.deep.members([
          { turn_status: 'completed', turn_error_code: null, count: '1' },
          { turn_status: 'running', turn_error_code: null, count: '1' },
        ])
        expect(unkept).to.deep.equal([])
        expect(waiting).to.deep.equal([{ count: '1' }])
        expect(stuck).to.deep.equal([])
        expect(cost).to.have.nested.property('[0].cost').above(0)
        expect(answers).to.have.lengthOf(7)
      } finally {
        await app.database.raw('drop schema ?? cascade', [schema])
        await app.close()
        await database.close()
      }
    })

    it('takes no connection before it has pages to show, so that a proxy sends no browser to it', async () => {
      const database = await postgresql.open({ isAlone: true })
      const dataDir = await mkdtemp(join(tmpdir(), 'turnstead-chat-'))
      const port = await freePort()
      const starting = startChatProcess({
        dataDir,
        env: {
          CHAT_ROLE: 'web',
          DATABASE_URL: database.url,
          // No one is there.
          OPENCODE_BASE_URL: 'http://127.0.0.1:1',
          PORT: String(port),
        },
      })
      let isLost = false
      starting.catch(() => (isLost = true))
      let first: number | null = null
      while (first === null && !isLost) {
        const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => null)
        first = answer?.status ?? null
        if (first === null) await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await (await starting).end('SIGTERM')
      await database.close()
      await rm(dataDir, { recursive: true, force: true })
      expect(first).to.equal(200)
    })
  }
})
