import { gate, on, reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { readStream, startApp, type TestApp } from './support/app.js'

describe('createUnloading', () => {
  let app: TestApp
  afterEach(() => app.close())

  const disposed = (): readonly string[] =>
    app.impostor.journal.entries
      .filter(({ path }) => path.startsWith('/instance/dispose'))
      .map(({ query }) => String(query['directory']))
  const untilClosed = async (turnId: number): Promise<void> => {
    while ((await app.rows.store.read(turnId))?.closedAt === null) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  it('has the server let go of a folder when nothing more goes on in it', async () => {
    app = await startApp(reply(text('Hello.')), { unloadAfterMs: 20 })
    await app.post('/conversations', 'Go')
    await app.impostor.next('POST /instance/dispose')
    expect(disposed()).to.deep.equal([await app.folderOf(1)])
    await untilClosed(1)
    await app.post('/conversations/1/messages', 'Again')
    await app.impostor.next('POST /instance/dispose')
    await untilClosed(2)
    expect((await app.rows.store.read(2))?.status).to.equal('completed')
    expect(app.errors).to.deep.equal([])
  })

  it('leaves a folder alone in which the next turn runs', async () => {
    app = await startApp(
      [on('one', reply(text('One.'))), on('two', reply(text('Two. '), gate('two'), text('End.')))],
      { unloadAfterMs: 20 },
    )
    await app.post('/conversations', 'one')
    await app.post('/conversations/1/messages', 'two')
    await untilClosed(1)
    const stream = await readStream(app.url + app.streamOf(1))
    await stream.until('Two.')
    stream.close()
    app.impostor.gate('two').open()
    await app.impostor.next('POST /instance/dispose')
    expect((await app.rows.store.read(2))?.text).to.equal('Two. End.')
    expect(disposed()).to.have.lengthOf(1)
  })
})
