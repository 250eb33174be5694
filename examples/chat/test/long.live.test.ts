import { reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { after, before, it } from 'mocha'
import type { Page } from 'playwright-core'
import { startApp, type TestApp } from './support/app.js'
import { describeInBrowser, send } from './support/page.js'

describeInBrowser('a long conversation', (browser) => {
  let app: TestApp
  let page: Page

  before(async () => {
    app = await startApp(() => reply(text('A new answer.')))
    await app.post('/conversations', 'Message 0')
    while ((await app.rows.store.read(1))?.closedAt == null) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    const first = await app.database('messages').first()
    // Each with an answer of its own, and as the application stores them.
    for (let from = 1; from < 500; from += 50) {
      await app.database('messages').insert(
        Array.from({ length: Math.min(50, 500 - from) }, (_, index) => {
          const { id: _id, ...row } = first
          return { ...row, send_key: null, body: `Message ${from + index}` }
        }),
      )
    }
    page = await browser().newPage()
  })
  after(async () => {
    await app.close()
  })

  const bodies = (): Promise<string[]> => page.locator('.prompt').allTextContents()

  it('comes with its newest turns, at its end', async () => {
    await page.goto(`${app.url}/conversations/1`)
    expect(await bodies()).to.deep.equal(
      Array.from({ length: 20 }, (_, index) => `Message ${480 + index}`),
    )
    const distance = await page.evaluate(
      () => document.documentElement.scrollHeight - window.scrollY - window.innerHeight,
    )
    expect(distance).to.be.lessThan(2)
  })

  it('has older ones when the reader goes back, and moves nothing under the eyes', async () => {
    const first = page.locator('.turn', { hasText: 'Message 480' })
    await first.scrollIntoViewIfNeeded()
    await page.mouse.wheel(0, -2_000)
    await page.locator('.turn', { hasText: 'Message 474' }).waitFor({ state: 'attached' })
    expect(await first.evaluate((turn) => turn.getBoundingClientRect().top)).to.be.within(-50, 400)
    expect(await bodies()).to.have.lengthOf(26)
  })

  it('leaves the reader there when an answer comes, and leads to it', async () => {
    await page.reload()
    await page.evaluate(() => window.scrollBy({ top: -1_500, behavior: 'instant' }))
    const button = page.getByRole('button', { name: 'Newest' })
    await button.waitFor()
    /** Of a turn that is read: what is above it may turn out to be higher or lower than was thought. */
    const read = page.locator('.turn', { hasText: 'Message 492' })
    const place = (): Promise<number> =>
      read.evaluate((turn) => Math.round(turn.getBoundingClientRect().top))
    const there = await place()
    await app.post('/conversations/1/messages', 'One more')
    // As if another page of this browser had sent it.
    await page.evaluate(() => document.dispatchEvent(new CustomEvent('chat:sent')))
    await page.locator('.turn', { hasText: 'One more' }).waitFor({ state: 'attached' })
    expect(await place()).to.be.closeTo(there, 2)
    await button.click()
    await page.getByText('One more').waitFor()
    expect(await button.isVisible()).to.equal(false)
    await send(page, 'Last')
    await page.getByText('Last', { exact: true }).waitFor()
  })
})
