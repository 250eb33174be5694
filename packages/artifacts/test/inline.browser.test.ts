import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'

import { parseArtifactKey, serveArtifactTo } from '../src/index.js'
import { createMemoryStore } from '../src/memory.js'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const given = process.env['CHROMIUM_PATH']
const executablePath = [...(given ? [given] : []), ...places].find((path) => existsSync(path))
const suite = executablePath === undefined ? describe.skip : describe
if (executablePath === undefined) console.warn('artifacts: browser tests skipped: no Chromium')

const script = '<script>document.title = "ran"</script>'

/** Two seconds of a tone. */
function tone(): Buffer {
  const rate = 8_000
  const samples = Buffer.alloc(2 * rate, 128).map((_, at) => 128 + 60 * Math.sin(at / 5))
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + samples.length, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(rate, 24)
  header.writeUInt32LE(rate, 28)
  header.writeUInt16LE(1, 32)
  header.writeUInt16LE(8, 34)
  header.write('data', 36)
  header.writeUInt32LE(samples.length, 40)
  return Buffer.concat([header, samples])
}

const picture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

const files: Readonly<Record<string, Uint8Array>> = {
  'tone.wav': tone(),
  'dot.png': picture,
  'note.txt': Buffer.from(`${script}<b>words</b>`),
  'page.html': Buffer.from(script),
  'drawing.svg': Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`),
  // Bytes of a page under the name of a picture.
  'page.png': Buffer.from(`<!doctype html>${script}`),
}

suite('files of an agent in a browser', function () {
  this.timeout(60_000)
  let server: Server
  let browser: Browser
  let page: Page
  let origin: string
  const ranges: string[] = []

  before(async () => {
    const store = createMemoryStore()
    for (const [name, bytes] of Object.entries(files))
      await store.put(parseArtifactKey(name), bytes)
    const serve = serveArtifactTo({
      store,
      disposition: 'inline',
      authorize: ({ url = '' }) => ({ key: url.slice(1), name: url.slice(1) }),
    })
    server = createServer((request, response) => {
      if (request.url === '/host') {
        response.setHeader('content-type', 'text/html')
        response.end('<img src="/dot.png"><img src="/page.png"><audio src="/tone.wav"></audio>')
        return
      }
      if (request.headers.range !== undefined) ranges.push(request.headers.range)
      void serve(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    browser = await chromium.launch({
      executablePath: executablePath ?? '',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
    })
    page = await browser.newPage()
  })
  after(async () => {
    await browser.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  // As texts: what runs in the page has other types than this file.
  const inPage = (words: string): Promise<unknown> => page.evaluate(words)
  const played = (selector: string): Promise<unknown> =>
    inPage(`(async () => {
      const media = document.querySelector('${selector}')
      media.muted = true
      await media.play()
      await new Promise((resolve) => {
        media.ontimeupdate = () => media.currentTime > 0.1 && resolve()
      })
      return media.duration
    })()`)

  it('are seen and heard in a page of the host, and a page that is called a picture is none', async () => {
    await page.goto(`${origin}/host`)
    const widths = await inPage('[...document.images].map(({ naturalWidth }) => naturalWidth)')
    expect(widths).to.deep.equal([1, 0])
    expect(await played('audio')).to.be.closeTo(2, 0.1)
    expect(ranges.join()).to.match(/bytes=\d+-/)
  })

  it('play by their own address, and pictures are shown there', async () => {
    await page.goto(`${origin}/tone.wav`)
    expect(await played('video, audio')).to.be.closeTo(2, 0.1)
    await page.goto(`${origin}/dot.png`)
    expect(await inPage('document.images[0].naturalWidth')).to.equal(1)
  })

  it('are no pages: texts are shown as they are, everything else is a download, and no script runs', async () => {
    await page.goto(`${origin}/note.txt`)
    expect(await page.textContent('body')).to.equal(`${script}<b>words</b>`)
    expect(await page.title()).to.not.equal('ran')
    await page.goto(`${origin}/page.png`).catch(() => null)
    expect(await page.title()).to.not.equal('ran')
    for (const name of ['page.html', 'drawing.svg']) {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.goto(`${origin}/${name}`).catch(() => null),
      ])
      expect(download.suggestedFilename()).to.equal(name)
      expect(await page.title()).to.not.equal('ran')
    }
  })
})
