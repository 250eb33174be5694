import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { chromium } from 'playwright-core'
import { bundleText } from '../bench/size.js'
import { createChangeLog, writeEventStream } from '../src/server-sent-events.js'
import { beginTurn } from './support/turn.js'

const candidates = [
  process.env['TEST_CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
]
const executablePath = candidates.find((path) => path !== '' && existsSync(path))

/** What a browser does with the stream, as the README shows it. */
const script = `
  import { foldChange } from '/changes.js'
  let view = null
  window.events = []
  const source = new EventSource('/events')
  const on = (type, take) => source.addEventListener(type, ({ data }) => {
    window.events.push(type)
    take(JSON.parse(data))
    window.text = view.parts.map((part) => part.text).join()
  })
  on('snapshot', (data) => { view = data })
  on('change', (data) => { view = foldChange(view, data) })
  on('end', () => source.close())
`

describe('the event stream in a browser', () => {
  if (executablePath === undefined) {
    const reason = 'no chromium; set TEST_CHROMIUM to its path'
    console.warn(`packages/reply: the test of EventSource is skipped: ${reason}`)
    it.skip(`goes on after a broken connection in chromium (skipped: ${reason})`)
    return
  }

  it('goes on after a broken connection in chromium', async () => {
    const turn = beginTurn()
    const log = createChangeLog(turn.reply)
    const text = turn.write(turn.answer())
    text.grow('one ')
    const streams: ServerResponse[] = []
    let end: () => void = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const changes = await bundleText('changes')
    const server = createServer((request, response) => {
      if (request.url === '/events') {
        streams.push(response)
        void writeEventStream(log, request, response, { ended })
        return
      }
      const isScript = request.url === '/changes.js'
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8')
      response.end(isScript ? changes : `<script type="module">${script}</script>`)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
    try {
      const page = await browser.newPage()
      const shows = (words: string): Promise<unknown> =>
        page.waitForFunction((expected) => Reflect.get(globalThis, 'text') === expected, words)
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      await shows('one ')
      streams[0]?.destroy()
      text.grow('two\u2028')
      await shows('one two\u2028')
      text.grow('three')
      end()
      await shows('one two\u2028three')
      await page.waitForFunction(() => Reflect.get(globalThis, 'events').includes('end'))
      const events: unknown = await page.evaluate(() => Reflect.get(globalThis, 'events'))
      expect(events).to.deep.equal(['snapshot', 'change', 'change', 'end'])
      expect(streams).to.have.lengthOf(2)
    } finally {
      await browser.close()
      server.close()
    }
  })
})
