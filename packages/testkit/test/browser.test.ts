import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'
import { chromium, type Browser, type Page } from 'playwright-core'
import { fault, reply, startImpostor, text, type Impostor } from '../src/index.js'
import { createSession, prompt } from './support/client.js'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const given = process.env['CHROMIUM_PATH']
const executablePath = [...(given ? [given] : []), ...places].find((path) => existsSync(path))

/** Runs in the page, which has no types of its own here. */
const readStream = `(url) => new Promise((resolve) => {
  const types = []
  const source = new EventSource(url)
  source.onerror = () => { source.close(); resolve('blocked') }
  source.onmessage = ({ data }) => {
    types.push(JSON.parse(data).type)
    if (types.at(-1) === 'session.idle') { source.close(); resolve(types) }
    if (types.length === 1) document.title = 'connected'
  }
})`
const read = `async (url) => {
  try {
    const response = await fetch(url)
    const { status, headers } = response
    return { status, next: headers.get('x-next-cursor') !== null, text: await response.text() }
  } catch { return 'blocked' }
}`

describe('pages of a browser against Impostor', () => {
  let browser: Browser
  let impostor: Impostor
  let session: string
  let pages: Server
  let port = 0
  before(async function () {
    if (executablePath === undefined) {
      process.stderr.write('SKIPPED: no Chromium on this machine, so no page reads Impostor\n')
      this.skip()
    }
    this.timeout(60_000)
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--headless', '--disable-gpu', '--disable-background-networking'],
    })
    pages = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<title>page</title>')
    })
    await new Promise<void>((resolve) => pages.listen(0, '::', resolve))
    port = Object(pages.address()).port
    impostor = await startImpostor(reply(text('Hello.')))
    session = await createSession(impostor.url)
  })
  after(async () => {
    await browser?.close()
    await impostor?.close()
    pages?.close()
  })

  const open = async (host: string): Promise<Page> => {
    const page = await browser.newPage()
    await page.goto(`http://${host}:${port}/`)
    return page
  }
  const call = (page: Page, script: string, path: string): Promise<unknown> =>
    page.evaluate(`(${script})(${JSON.stringify(impostor.url + path)})`)

  it('let a development server’s page follow a turn by EventSource', async () => {
    const page = await open('localhost')
    const reading = call(page, readStream, '/event')
    await page.waitForFunction("document.title === 'connected'")
    await prompt(impostor.url, session, 'go')
    expect(await reading).to.include.members(['server.connected', 'message.part.delta'])
    await page.close()
  })

  it('let it read pages of messages with their cursor, and what a fault answers', async () => {
    const page = await open('127.0.0.1')
    expect(await call(page, read, `/session/${session}/message?limit=1`)).to.include({
      status: 200,
      next: true,
    })
    impostor.fail('GET /session', fault.unavailable())
    expect(await call(page, read, '/session')).to.include({ status: 503 })
    await page.close()
  })

  it('keep a page of another origin from everything', async () => {
    const page = await open('[::1]')
    expect(await call(page, read, '/session')).to.equal('blocked')
    expect(await call(page, readStream, '/event')).to.equal('blocked')
    impostor.fail('GET /session', fault.unavailable())
    expect(await call(page, read, '/session')).to.equal('blocked')
    await page.close()
  })
})
