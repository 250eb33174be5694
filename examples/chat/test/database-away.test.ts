import { gate, on, reply, text } from '@turnstead/testkit'
import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { readStream, startApp } from './support/app.js'
import { startDatabaseProxy } from './support/database-proxy.js'

const postgresql = databases.find(({ name }) => name === 'postgresql')
const skip = postgresql === undefined ? 'not known here' : postgresql.skip

describe('the chat while its database is away', () => {
  if (postgresql === undefined || skip !== null) {
    console.warn(`SKIPPED: the chat while its database is away (${skip})`)
    it.skip(`says so, and goes on (skipped: ${skip})`)
    return
  }

  it('says so on pages and in what it answers, keeps what was written, and goes on', async () => {
    const database = await postgresql.open({ isAlone: true })
    const proxy = await startDatabaseProxy(database.url)
    const app = await startApp([on('Go', reply(text('Before. '), gate('on'), text('After.')))], {
      databaseUrl: proxy.url,
    })
    try {
      await app.post('/conversations', 'Go')
      const stream = await readStream(app.url + app.streamOf(1))
      await stream.until('Before.')
      proxy.refuse()
      await stream.until('The database does not answer. What you see is kept')
      const page = await app.get('/', { accept: 'text/html' })
      expect(page.status).to.equal(503)
      expect(await page.text()).to.contain('The database does not answer. Nothing is lost')
      const sent = await fetch(`${app.url}/conversations/1/messages`, {
        method: 'POST',
        body: new URLSearchParams({ prompt: 'Go' }),
        headers: { accept: 'text/vnd.turbo-stream.html, text/html' },
      })
      expect([sent.status, sent.headers.get('retry-after')]).to.deep.equal([503, '5'])
      expect(await sent.text()).to.contain('What you wrote is still here')
      proxy.pass()
      app.impostor.gate('on').open()
      await stream.until('After.')
      await stream.until('class="facts"')
      stream.close()
      expect(await app.text('/conversations/1')).to.contain('Before. After.')
    } finally {
      await app.close()
      proxy.close()
      await database.close()
    }
  })
})
