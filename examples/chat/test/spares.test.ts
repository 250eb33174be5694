import { reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { readStream, startApp, type TestApp } from './support/app.js'

describe('createSpares', () => {
  let app: TestApp
  afterEach(() => app.close())

  const opened = (): readonly string[] =>
    app.impostor.journal.entries
      .filter(({ path }) => path === '/session/status')
      .map(({ query }) => String(query['directory']))
  const untilSpare = async (count: number): Promise<readonly string[]> => {
    for (;;) {
      const names = await app.rows.spareFolders.names()
      if (names.length === count) return names
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  it('gives a conversation a folder that the server has open, and opens another when its turn is over', async () => {
    app = await startApp(reply(text('Hello.')), { hasSpares: true })
    const spare = await untilSpare(2)
    const before = opened().length
    expect(before).to.be.at.least(2)
    await app.post('/conversations', 'Go')
    const folder = await app.folderOf(1)
    expect(spare.some((name) => folder.endsWith(`/${name}`))).to.equal(true)
    expect(opened().slice(0, before)).to.include(folder)
    const stream = await readStream(app.url + app.streamOf(1))
    await stream.until('class="facts"')
    stream.close()
    const now = await untilSpare(2)
    expect(now.some((name) => folder.endsWith(`/${name}`))).to.equal(false)
    expect(app.errors).to.deep.equal([])
  })

  it('gives each folder to one conversation, and makes one where there is none', async () => {
    app = await startApp([], { hasSpares: true })
    await untilSpare(2)
    await Promise.all([1, 2, 3, 4].map(() => app.post('/conversations', 'Go')))
    const folders = await Promise.all([1, 2, 3, 4].map((id) => app.folderOf(id)))
    expect(new Set(folders).size).to.equal(4)
  })

  it('does without where no worker has opened any', async () => {
    app = await startApp(reply(text('Hello.')))
    await app.post('/conversations', 'Go')
    expect(await app.rows.spareFolders.names()).to.deep.equal([])
    expect(await app.folderOf(1)).to.match(/\/[\da-f-]{36}$/)
  })
})
