import { fault, gate, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { readStream, startApp, type StreamReader, type TestApp } from './support/app.js'

describe('what falls between the rows and the pages', () => {
  let app: TestApp
  const streams: StreamReader[] = []

  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.close()
    await app.close()
  })

  const follow = async (path: string): Promise<StreamReader> => {
    const stream = await readStream(app.url + path)
    streams.push(stream)
    return stream
  }
  const pageUntil = async (words: string): Promise<void> => {
    while (!(await (await app.get('/conversations/1')).text()).includes(words));
  }
  const over = 'class="facts"'
  const oneHeld = on('one', reply(text('One. '), gate('one')))

  /** Of what the list is asked about a conversation, this is told later. */
  const holdList = (until: (own: number) => Promise<void>): { readonly quiet: Promise<void> } => {
    const { of } = app.rows
    let isQuiet = (): void => undefined
    const quiet = new Promise<void>((resolve) => (isQuiet = resolve))
    let asked = 0
    Object.assign(app.rows, {
      of: (userId: string) => {
        const own = of(userId)
        const find = async (id: number) => {
          const number = (asked += 1)
          const found = await own.list.find(id)
          await until(number)
          return found
        }
        const isBusy = async (): Promise<boolean> => {
          const isTrue = await own.isBusy()
          if (!isTrue) isQuiet()
          return isTrue
        }
        return { ...own, list: { ...own.list, find }, isBusy }
      },
    })
    return { quiet }
  }
  const rename = (title: string): Promise<Response> =>
    fetch(`${app.url}/conversations/1/title`, {
      method: 'POST',
      body: new URLSearchParams({ title }),
      redirect: 'manual',
    })
  const lastListed = (all: string): string =>
    all.slice(all.lastIndexOf('target="conversation-1-link"'))

  it('are the files of a turn that was over before anybody followed it', async () => {
    const made = tool.write({ filePath: 'made.txt', content: 'by the agent' })
    app = await startApp([on('one', reply(made, text('One.')))])
    app.impostor.fail('GET /api/fs/read/*', fault.delay(1_500))
    await app.post('/conversations', 'one')
    await pageUntil(over)
    expect(await (await follow(app.streamOf(1))).rest())
      .to.contain('/messages/1/files/')
      .and.match(/idle$/)
  })

  it('is a turn that was found when the database failed', async () => {
    app = await startApp([oneHeld, on('two', reply(text('Two.')))])
    await app.post('/conversations', 'one')
    const stream = await follow(app.streamOf(1))
    await stream.until('One.')
    const { firstOpenTurn } = app.rows
    let failures = 1
    Object.assign(app.rows, {
      firstOpenTurn: async (id: number) => {
        if ((failures -= 1) === 0) throw new Error('Connection terminated')
        return await firstOpenTurn(id)
      },
    })
    await app.post('/conversations/1/messages', 'two')
    app.impostor.gate('one').open()
    expect(await stream.rest())
      .to.contain('id="turn-2"')
      .and.contain('Two.')
  })

  it('is the end of a turn that is told before its beginning', async () => {
    app = await startApp([oneHeld, on('two', reply(text('Two.')))])
    await app.post('/conversations', 'one')
    const stream = await follow(app.streamOf(1))
    await stream.until('One.')
    const { by } = app.rows.replaced
    let letOn = (): void => undefined
    const told = new Promise<void>((resolve) => (letOn = resolve))
    let isHeld = (): void => undefined
    const held = new Promise<void>((resolve) => (isHeld = resolve))
    Object.assign(app.rows.replaced, {
      by: async (ids: readonly number[]) => {
        const found = await by(ids)
        isHeld()
        await told
        return found
      },
    })
    await app.post('/conversations/1/messages', 'two')
    await held
    app.impostor.gate('one').open()
    await stream.until('turn-2-files')
    letOn()
    const all = await stream.rest()
    expect(all.slice(all.lastIndexOf('<article class="turn" id="turn-2"'))).to.contain(over)
  })

  it('is a turn that was begun and over while the rows were looked at', async () => {
    app = await startApp([oneHeld, on('two', reply(text('Two.')))])
    await app.post('/conversations', 'one')
    const stream = await follow(app.streamOf(1))
    await stream.until('One.')
    const { quiet } = holdList(async () => undefined)
    stream.close()
    const late = await follow(app.streamOf(1))
    await late.until('One.')
    const { turnsFrom } = app.rows
    Object.assign(app.rows, {
      turnsFrom: async (...from: Parameters<typeof turnsFrom>) => {
        await quiet
        return await turnsFrom(...from)
      },
    })
    await app.post('/conversations/1/messages', 'two')
    app.impostor.gate('one').open()
    expect(await late.rest())
      .to.contain('Two.')
      .and.match(/idle$/)
  })

  it('is a conversation that is removed: its pages wait for nothing more', async () => {
    app = await startApp([oneHeld])
    await app.post('/conversations', 'one')
    const stream = await follow(app.streamOf(1))
    await stream.until('One.')
    await app.post('/conversations/1/delete', '')
    expect(await stream.rest()).to.match(/idle$/)
  })

  it('are the newest turns of a page that is old', async () => {
    app = await startApp([], { hasWorker: false })
    await app.post('/conversations', 'The first.')
    const row = { conversation_id: 1, created_at: 0, turn_status: 'cancelled', turn_closed_at: 0 }
    const bodies = Array.from({ length: 120 }, (_each, index) => `Number ${index}.`)
    for (const body of bodies) await app.database('messages').insert({ ...row, body })
    await app.database('messages').where('id', 1).update({ turn_status: 'cancelled' })
    expect(await (await follow(app.streamOf(1))).rest())
      .to.contain('Number 119.')
      .and.match(/idle$/)
  })

  it('is how the server is, for a page that was made before', async () => {
    app = await startApp([])
    app.say('starting')
    expect(await app.text('/')).to.contain('Starting OpenCode')
    app.say('up')
    const all = await (await follow('/stream')).rest()
    expect(all).to.contain('target="agent-banner"').and.not.contain('Starting OpenCode')
  })

  for (const held of [1, 2]) {
    it(`is what a list was read from: question ${held} is answered last`, async () => {
      app = await startApp([on('one', reply(text('One. '), gate('one')))])
      await app.post('/conversations', 'one')
      const stream = await follow(app.streamOf(1))
      await stream.until('One.')
      let isAsked = (): void => undefined
      const asked = new Promise<void>((resolve) => (isAsked = resolve))
      let isTold = (): void => undefined
      const told = new Promise<void>((resolve) => (isTold = resolve))
      const { quiet } = holdList(async (number) => {
        isAsked()
        if (number === held) await Promise.race([quiet, told])
        else if (number > held) setImmediate(isTold)
      })
      stream.close()
      const late = await follow(app.streamOf(1))
      await late.until('One.')
      await rename('Named')
      await asked
      app.impostor.gate('one').open()
      expect(lastListed(await late.rest()))
        .to.contain('Named')
        .and.not.contain('at work')
    })
  }
})
