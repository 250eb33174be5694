import { findLiveTools, launchBrowser } from '@turnstead-examples/start/browser'
import type { Browser, Page } from 'playwright-core'
import type { TestApp } from './app.js'

/** A Chromium for the tests of a file; null, said loudly, where there is none. */
export function findBrowser(): (() => Promise<Browser>) | null {
  const { browser, missing } = findLiveTools('examples/chat')
  if (browser !== null) return () => launchBrowser(browser)
  console.warn(`SKIPPED: pages of examples/chat (${missing})`)
  return null
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
