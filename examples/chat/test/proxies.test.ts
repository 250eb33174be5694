import { gate, reply, text, tool } from '@turnstead/testkit'
import { machineFactor } from '@turnstead/testkit/opencode'
import { findLiveTools, launchBrowser } from '@turnstead-examples/start/browser'
import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import { connect, type ClientHttp2Session } from 'node:http2'
import { createHeaderUsers } from '../src/users/header-users.js'
import { startApp, readStream, type TestApp, type TestAppOptions } from './support/app.js'
import { caddyFront } from './support/caddy.js'
import { freePort, frontProblem, startFront, type Front, type FrontKind } from './support/front.js'
import { nginxFront } from './support/nginx.js'

const { browser: browserPath } = findLiveTools('examples/chat')
const fronts = [
  ...[nginxFront('nginx.conf'), nginxFront('nginx-tls.conf')],
  ...[caddyFront('http'), caddyFront('https')],
]

for (const kind of fronts) {
  const problem = frontProblem(kind)
  if (problem !== null) console.warn(`SKIPPED: the chat behind ${kind.name} (${problem})`)
  describe(`the chat behind ${kind.name}`, function () {
    this.timeout(60_000 * machineFactor())
    if (problem !== null) it.skip(`works with the settings in deploy (skipped: ${problem})`)
    else if (kind.protocol === 'http') overHttp1(kind)
    else overHttp2(kind)
  })
}

/** The application behind a proxy: one web process is there, two more are being replaced. */
async function openBehind(
  kind: FrontKind,
  options: TestAppOptions = {},
): Promise<{ readonly app: TestApp; readonly origin: string; readonly front: Front }> {
  const port = await freePort()
  const origin = `${kind.protocol}://127.0.0.1:${port}`
  const story = reply(
    text('First half. '),
    gate('half'),
    tool.write({ filePath: 'made.txt', content: 'by the agent' }),
    text('Second half.'),
  )
  const app = await startApp(story, { publicOrigin: origin, ...options })
  const upstreams = [await freePort(), Number(new URL(app.url).port), await freePort()]
  const front = await startFront(kind, { port, upstreams })
  return { app, origin, front }
}

function overHttp1(kind: FrontKind): void {
  let app: TestApp
  let front: Front
  let origin: string
  const start = async (options?: TestAppOptions): Promise<void> => {
    ;({ app, front, origin } = await openBehind(kind, options))
  }
  const post = (
    body: BodyInit,
    headers: Record<string, string>,
    path = '/conversations',
  ): Promise<Response> =>
    fetch(origin + path, { method: 'POST', body, headers, redirect: 'manual' })
  const prompt = (): URLSearchParams => new URLSearchParams({ prompt: 'Go' })

  afterEach(async () => {
    await front.close()
    await app.close()
  })

  it('streams as it comes, leaves out what is being replaced, and lets no other site in', async () => {
    await start()
    // Each process has its turn. A page may be asked for again elsewhere, and from then on the proxy knows who is away.
    for (let count = 0; count < 10; count += 1) {
      expect((await fetch(origin)).status).to.equal(200)
    }
    expect((await post(prompt(), { origin: 'https://evil.example' })).status).to.equal(403)
    expect((await post(prompt(), { origin })).status).to.equal(303)
    const stream = await readStream(origin + app.streamOf(1))
    await stream.until('First half.')
    app.impostor.gate('half').open()
    await stream.until('Second half.')
    stream.close()
    expect((await fetch(`${origin}/health`)).status, 'for those who run it').to.equal(404)
  })

  it('takes large files that are attached, and hands out those and what the agent made', async () => {
    await start()
    const large = Buffer.alloc(15_000_000, 'large file ')
    const body = new FormData()
    body.append('prompt', 'Go')
    body.append('files', new File([large], 'large.txt'))
    expect((await post(body, { origin })).status).to.equal(303)
    const attached = await fetch(`${origin}/messages/1/uploads/0`)
    expect(attached.headers.get('content-disposition')).to.match(/^attachment; filename="large/)
    expect(Buffer.from(await attached.arrayBuffer()).equals(large)).to.equal(true)
    const stream = await readStream(origin + app.streamOf(1))
    app.impostor.gate('half').open()
    const shown = await stream.until('/messages/1/files/')
    stream.close()
    const [, href = ''] = /href="(\/messages\/1\/files\/[^"]+)"/.exec(shown) ?? []
    expect(await (await fetch(origin + href)).text()).to.equal('by the agent')
  })

  it('takes out the name that a browser gives itself', async () => {
    const header = 'x-forwarded-user'
    await start({ users: createHeaderUsers(header) })
    const forged = { headers: { [header]: 'ann' } }
    expect((await fetch(app.url, forged)).status, 'without the proxy').to.equal(200)
    expect((await fetch(origin, forged)).status).to.equal(401)
  })
}

function overHttp2(kind: FrontKind): void {
  let app: TestApp
  let front: Front
  let origin: string
  let session: ClientHttp2Session | null = null
  const start = async (): Promise<void> => {
    ;({ app, front, origin } = await openBehind(kind))
  }

  afterEach(async () => {
    session?.destroy()
    session = null
    await front.close()
    await app.close()
  })

  it('carries many streams over one connection of HTTP/2', async () => {
    await start()
    await app.post('/conversations', 'Go', { origin })
    const opened = connect(origin, { rejectUnauthorized: false })
    session = opened
    const read = (): { until(words: string): Promise<void> } => {
      const request = opened.request({ ':path': app.streamOf(1) })
      request.setEncoding('utf8')
      let said = ''
      let wake = (): void => undefined
      request.on('data', (chunk: string) => {
        said += chunk
        wake()
      })
      return {
        async until(words) {
          while (!said.includes(words)) await new Promise<void>((resolve) => (wake = resolve))
        },
      }
    }
    const streams = Array.from({ length: 20 }, read)
    await Promise.all(streams.map((each) => each.until('First half.')))
    app.impostor.gate('half').open()
    await Promise.all(streams.map((each) => each.until('Second half.')))
  })

  it('serves a browser over HTTP/2, with a stream for each of many tabs', async function () {
    if (browserPath === null) {
      console.warn(`SKIPPED: the chat behind ${kind.name} in a browser (no Chromium)`)
      return this.skip()
    }
    await start()
    const browser = await launchBrowser(browserPath)
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    await context.addInitScript('delete window.SharedWorker')
    const page = await context.newPage()
    await page.goto(origin)
    await page.getByLabel('Your message').fill('Go')
    await page.keyboard.press('Enter')
    await page.locator('.turn').getByText('First half.').waitFor()
    const tabs = [page]
    for (let count = 0; count < 8; count += 1) {
      const tab = await context.newPage()
      await tab.goto(`${origin}/conversations/1`)
      tabs.push(tab)
    }
    app.impostor.gate('half').open()
    for (const tab of tabs) await tab.locator('.turn').getByText('Second half.').waitFor()
    await browser.close()
  })
}
