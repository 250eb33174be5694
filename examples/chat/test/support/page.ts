import { findLiveTools, launchBrowser } from '@turnstead-examples/start/browser'
import { after, before, describe, it } from 'mocha'
import type { Browser, Page } from 'playwright-core'
import type { TestApp } from './app.js'

/** Tests in a browser of their own, gone after the last of them; skipped, and that is said loudly, where there is none. */
export function describeInBrowser(title: string, define: (browser: () => Browser) => void): void {
  describe(title, function () {
    this.timeout(60_000)
    const { browser: path, missing } = findLiveTools('examples/chat')
    if (path === null) {
      console.warn(`SKIPPED: ${title} (${missing})`)
      it.skip(`is as it should be (skipped: ${missing})`)
      return
    }
    let browser: Browser
    before(async () => {
      browser = await launchBrowser(path)
    })
    after(() => browser.close())
    define(() => browser)
  })
}

/** Writes a message and sends it with the key. */
export async function send(page: Page, prompt: string): Promise<void> {
  await page.getByLabel('Your message').fill(prompt)
  await page.keyboard.press('Enter')
}

/** Begins a conversation in a browser and waits for its page. */
export async function begin(page: Page, app: TestApp, prompt: string): Promise<void> {
  await page.goto(app.url)
  await send(page, prompt)
  await page.locator('.turn').first().waitFor()
}

/** How far a page can be scrolled sideways, in pixels. */
export async function sideways(page: Page): Promise<number> {
  return await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
}
