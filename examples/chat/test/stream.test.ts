import { fault, gate, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { readStream, startApp, type StreamReader, type TestApp } from './support/app.js'

describe('the stream of a browser', () => {
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
  const over = 'class="facts"'
  /** Turns are read only when the rows have been found quiet twice: so long a busy database may take. */
  const holdTurns = (): void => {
    const { findTurns, of } = app.rows
    let isFound = (): void => undefined
    const found = new Promise<void>((resolve) => (isFound = resolve))
    let quiet = 0
    Object.assign(app.rows, {
      findTurns: async (ids: readonly number[]) => {
        await found
        return await findTurns(ids)
      },
      of: (userId: string) => {
        const own = of(userId)
        const isBusy = async (): Promise<boolean> => {
          const isTrue = await own.isBusy()
          if (!isTrue && (quiet += 1) === 2) isFound()
          return isTrue
        }
        return { ...own, isBusy }
      },
    })
  }

  it('waits with a turn for the server, and says so', async () => {
    app = await startApp([], { hasWorker: false })
    app.say('starting')
    await app.post('/conversations', 'Go')
    const stream = await follow(app.streamOf(1))
    await stream.until('Starting OpenCode')
    expect(await app.text('/conversations/1')).to.contain('Starting OpenCode')
    app.say('up')
    await stream.until('Waiting to start')
    app.say('restarting')
    await stream.until('is being restarted')
  })

  it('ends the stream when nothing runs, and has the next one begin where the page is', async () => {
    app = await startApp([on('one', reply(text('One.'))), on('two', reply(text('Two.')))])
    await app.post('/conversations', 'one')
    const first = await (await follow(app.streamOf(1))).rest()
    expect(first).to.contain('One.').and.match(/idle$/)
    const idle = await (await follow(app.streamOf(1))).rest()
    expect(idle).to.contain('One.').and.match(/idle$/)
    await app.post('/conversations/1/messages', 'two')
    const late = await (await follow('/stream?c=1.2.')).rest()
    expect(late).to.contain('Two.').and.not.contain('One.')
    const listed = await (await follow('/stream')).rest()
    expect(listed, 'without a conversation').to.match(/idle$/).and.not.contain('id="turn-')
  })

  it('does not end before its pages were told of the end, however long that takes', async () => {
    app = await startApp([on('one', reply(text('One. '), gate('one')))])
    await app.post('/conversations', 'one')
    const stream = await follow(app.streamOf(1))
    await stream.until('One.')
    holdTurns()
    // From its own stream on: the first one has the rows of before.
    stream.close()
    const late = await follow(app.streamOf(1))
    app.impostor.gate('one').open()
    expect(await late.rest())
      .to.contain(over)
      .and.match(/idle$/)
  })

  it('does not end before its pages have the files of a turn, which come after its end', async () => {
    const made = tool.write({ filePath: 'made.txt', content: 'by the agent' })
    app = await startApp([on('one', reply(made, text('One.')))])
    app.impostor.fail('GET /api/fs/read/*', fault.delay(1_500))
    await app.post('/conversations', 'one')
    const first = await follow(app.streamOf(1))
    await first.until(over)
    holdTurns()
    // From its own stream on: the first one has the rows of before.
    first.close()
    const stream = await follow(app.streamOf(1))
    expect(await stream.rest())
      .to.contain('/messages/1/files/')
      .and.match(/idle$/)
  })

  it('shows an end that falls into the time in which a page is brought to now', async () => {
    app = await startApp([on('one', reply(text('One. '), gate('one')))])
    await app.post('/conversations', 'one')
    const first = await follow(app.streamOf(1))
    await first.until('One.')
    const { firstOpenTurn } = app.rows
    let [isReading, letOn] = [(): void => undefined, (): void => undefined]
    const reading = new Promise<void>((resolve) => (isReading = resolve))
    const told = new Promise<void>((resolve) => (letOn = resolve))
    let isFirst = true
    Object.assign(app.rows, {
      firstOpenTurn: async (conversationId: number) => {
        const isHeld = isFirst
        isFirst = false
        const open = await firstOpenTurn(conversationId)
        isReading()
        if (isHeld) await told
        return open
      },
    })
    const late = await follow(app.streamOf(1))
    await reading
    app.impostor.gate('one').open()
    await first.rest()
    letOn()
    expect(await late.rest())
      .to.contain(over)
      .and.match(/idle$/)
  })

  it('gives a user a hundred streams at most, and another one when one is left', async () => {
    app = await startApp([on('one', reply(text('One. '), gate('one')))])
    await app.post('/conversations', 'one')
    const open = await Promise.all(Array.from({ length: 100 }, () => follow('/stream')))
    const status = async (): Promise<number> => {
      const gone = new AbortController()
      const response = await fetch(`${app.url}/stream`, { signal: gone.signal })
      gone.abort()
      return response.status
    }
    expect(await status()).to.equal(429)
    open[0]?.close()
    while ((await status()) !== 200) await new Promise((resolve) => setImmediate(resolve))
    expect((await app.get('/conversations/1')).status, 'all else is as ever').to.equal(200)
  })

  it('sends one stream what concerns several conversations', async () => {
    app = await startApp([
      on('one', reply(text('First. '), gate('one'))),
      on('two', reply(text('Second. '), gate('two'))),
    ])
    await app.post('/conversations', 'one')
    await app.post('/conversations', 'two')
    const stream = await follow('/stream?c=1.1.&c=2.1.&c=3.1.')
    await stream.until('First.')
    await stream.until('Second.')
    app.impostor.gate('one').open()
    await stream.until(over)
    app.impostor.gate('two').open()
    expect(await stream.rest()).to.match(/idle$/)
  })
})
