import { reply, text } from '@turnstead/testkit'
import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import type { Knex } from 'knex'
import { afterEach, describe, it } from 'mocha'
import { createHeaderUsers } from '../src/users/header-users.js'
import { startApp, type TestApp } from './support/app.js'

const postgresql = databases.find(({ name }) => name === 'postgresql')

describe('a message that is sent twice', () => {
  let app: TestApp
  let close = async (): Promise<void> => undefined
  afterEach(async () => {
    await app.close()
    await close()
    close = async () => undefined
  })

  const key = 'a-key-of-one-form-0001'
  const send = (
    path: string,
    fields: Readonly<Record<string, string>>,
    { files = {}, user = 'ann' }: { files?: Readonly<Record<string, string>>; user?: string } = {},
  ): Promise<Response> => {
    const body = new FormData()
    for (const [name, value] of Object.entries({ key, ...fields })) body.append(name, value)
    for (const [name, content] of Object.entries(files)) {
      body.append('files', new File([content], name))
    }
    const headers = { 'x-user': user }
    return fetch(app.url + path, { method: 'POST', body, headers, redirect: 'manual' })
  }
  const messages = async (): Promise<readonly { conversation_id: number; body: string }[]> =>
    app.database('messages').orderBy('id').select('conversation_id', 'body')
  const start = async (databaseUrl?: string): Promise<void> => {
    app = await startApp(reply(text('Hello.')), {
      users: createHeaderUsers('x-user'),
      hasWorker: false,
      ...(databaseUrl !== undefined && { databaseUrl }),
    })
  }

  const onEach = [
    ['SQLite', async () => await start(), null],
    [
      'PostgreSQL',
      async () => {
        const database = await postgresql?.open({ isAlone: true })
        close = async () => await database?.close()
        await start(database?.url)
      },
      postgresql === undefined ? 'not known here' : postgresql.skip,
    ],
  ] as const
  for (const [name, open, skip] of onEach) {
    if (skip !== null) {
      console.warn(`SKIPPED: a message that is sent twice on ${name} (${skip})`)
      it.skip(`is one on ${name}, however close together (skipped: ${skip})`)
      continue
    }
    it(`is one on ${name}, however close together`, async () => {
      await open()
      const all = Array.from({ length: 8 }, () =>
        send('/conversations', { prompt: 'Go' }, { files: { 'a.txt': 'a' } }),
      )
      const places = (await Promise.all(all)).map(({ headers }) => headers.get('location'))
      const [place] = new Set(places)
      expect(places, 'all are led to the one').to.deep.equal(places.map(() => place))
      // Not always the first number: one that came again may have taken it, and did not keep it.
      const id = Number(/^\/conversations\/(\d+)$/.exec(place ?? '')?.[1])
      const more = { prompt: 'More', key: 'a-key-of-one-form-0002' }
      await Promise.all([1, 2, 3].map(() => send(`${place}/messages`, more)))
      expect(await messages()).to.deep.equal([
        { conversation_id: id, body: 'Go' },
        { conversation_id: id, body: 'More' },
      ])
      expect(await app.storedFiles(), 'of those that came again none is kept').to.equal(1)
    })
  }

  it('is another one when it has other words or files, or is another user’s', async () => {
    await start()
    await send('/conversations', { prompt: 'Go' })
    await send('/conversations', { prompt: 'Go on' })
    await send('/conversations', { prompt: 'Go' }, { files: { 'a.txt': 'a' } })
    await send('/conversations', { prompt: 'Go' }, { user: 'bob' })
    await send('/conversations', { prompt: 'Go', key: 'short' })
    expect(await messages()).to.have.lengthOf(5)
    expect(await app.storedFiles()).to.equal(1)
    const page = await (await app.get('/', { 'x-user': 'ann' })).text()
    const keys = [...page.matchAll(/name="key" value="([^"]+)"/g)].map(([, value]) => value)
    expect(new Set(keys).size, 'each form has its own').to.equal(2)
  })

  it('keeps its files when the word that it was kept is lost', async () => {
    await start()
    const { database } = app
    const transaction = database.transaction.bind(database) as (
      work: (trx: Knex.Transaction) => Promise<unknown>,
    ) => Promise<unknown>
    let isLost = false
    // The database has done it, and the answer never comes.
    const losing = async (work: (trx: Knex.Transaction) => Promise<unknown>): Promise<never> => {
      await transaction(work)
      isLost = true
      throw new Error('the connection broke')
    }
    Object.defineProperty(database, 'transaction', { value: losing, configurable: true })
    const response = await send('/conversations', { prompt: 'Go' }, { files: { 'a.txt': 'a' } })
    expect([response.status, isLost]).to.deep.equal([303, true])
    expect(await messages()).to.have.lengthOf(1)
    expect(await app.storedFiles()).to.equal(1)
  })
})
