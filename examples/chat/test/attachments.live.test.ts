import { reply, text } from '@turnstead/testkit'
import { collectProblems } from '@turnstead-examples/start/browser'
import { expect } from 'chai'
import { afterEach, it } from 'mocha'
import type { CDPSession, Page } from 'playwright-core'
import { startApp, type TestApp } from './support/app.js'
import { begin, describeInBrowser } from './support/page.js'

describeInBrowser('files on their way', (browser) => {
  let page: Page
  let app: TestApp
  let network: CDPSession
  let problems: readonly string[]

  afterEach(async () => {
    await page.close()
    await app.close()
    expect(problems, 'errors in the page').to.deep.equal([])
  })

  const open = async (): Promise<void> => {
    app = await startApp(reply(text('Seen.')))
    page = await browser().newPage()
    problems = collectProblems(page, /Failed to load resource|ERR_/)
    network = await page.context().newCDPSession(page)
    await begin(page, app, 'Go')
    await page.locator('.facts').waitFor()
  }
  const throttle = (uploadThroughput: number): Promise<unknown> =>
    network.send('Network.emulateNetworkConditions', {
      ...{ offline: false, latency: 0, downloadThroughput: -1 },
      uploadThroughput,
    })
  const pick = (...sizes: number[]): Promise<void> =>
    page.locator('#composer input[type="file"]').setInputFiles(
      sizes.map((size, index) => ({
        name: `${index}.bin`,
        mimeType: 'application/octet-stream',
        buffer: Buffer.alloc(size, 'x'),
      })),
    )
  const sendIt = async (): Promise<void> => {
    await page.getByLabel('Your message').fill('Look')
    await page.keyboard.press('Enter')
  }
  const bars = (): Promise<number[]> =>
    page
      .locator('#attached progress')
      .evaluateAll((all) => all.map((bar) => (bar as HTMLProgressElement).value))
  const chips = (): Promise<number> => page.locator('#attached li').count()

  it('say each how far they are, and are kept when the sending is cancelled', async () => {
    await open()
    await throttle(400_000)
    await pick(300_000, 3_000_000)
    await sendIt()
    await page.getByText('Sending 2 files…').waitFor()
    await page.waitForFunction(() => {
      const [first, second] = [
        ...document.querySelectorAll<HTMLProgressElement>('#attached progress'),
      ]
      return first?.value === 1 && second !== undefined && second.value > 0.05
    })
    const [first = 0, second = 0] = await bars()
    expect(first).to.equal(1)
    expect(second).to.be.lessThan(1)
    expect(await page.locator('#attached progress').last().getAttribute('aria-label')).to.match(
      /^Sending 1\.bin/,
    )
    expect(await page.getByLabel('Send', { exact: true }).isDisabled()).to.equal(true)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('Stopped. Your message and its files are still here.').waitFor()
    expect(await chips()).to.equal(2)
    expect(await page.getByLabel('Your message').inputValue()).to.equal('Look')
    await throttle(-1)
    await page.getByLabel('Your message').press('Enter')
    await page.locator('.turn').nth(1).locator('.facts').waitFor()
    expect(await chips()).to.equal(0)
    expect(await page.locator('.uploads li').count()).to.equal(2)
    // Nothing is left of what was cancelled.
    expect(await app.storedFiles()).to.equal(2)
  })

  it('are sent again by a button when the connection broke', async () => {
    await open()
    await pick(10)
    await page.route('**/messages', (route) => route.abort())
    await sendIt()
    await page.getByText('it is taken only once').waitFor()
    expect(await chips()).to.equal(1)
    await page.unroute('**/messages')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.locator('.turn').nth(1).locator('.facts').waitFor()
    expect(await page.locator('#composer-problem').innerText()).to.equal('')
    expect(await page.getByRole('button', { name: 'Try again' }).isVisible()).to.equal(false)
  })

  it('do not fetch the reader back who has gone elsewhere', async () => {
    await open()
    await throttle(400_000)
    await pick(600_000)
    await sendIt()
    await page.getByText('Sending a file…').waitFor()
    await page.getByRole('link', { name: 'New conversation' }).click()
    await page.getByRole('heading', { name: 'What shall we work on?' }).waitFor()
    await page.getByLabel('Your message').fill('Something else')
    while ((await app.rows.findMessage(2)) === null) await page.waitForTimeout(20)
    expect(new URL(page.url()).pathname).to.equal('/')
    expect(await page.getByLabel('Your message').inputValue()).to.equal('Something else')
  })
})
