/**
 * Takes the pictures of `docs/screenshots`: phone and desktop, light and dark.
 *
 *   npm run screenshots
 */
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { findLiveTools, launchBrowser } from '@turnstead-examples/start/browser'
import type { Browser, Page } from 'playwright-core'
import { startApp } from '../test/support/app.js'
import { prompts, scenes, titles } from './scenes.js'

const target =
  process.argv[2] ?? fileURLToPath(new URL('../../../docs/screenshots/', import.meta.url))
/** What is taken of the scenes; each picture is small enough for a page. */
const pictured = ['tools', 'answer', 'ask']
const maxBytes = 200_000
const screens = {
  desktop: { width: 1280, height: 860 },
  phone: { width: 390, height: 844 },
} as const

const { browser: browserPath, missing } = findLiveTools('examples/chat')
if (browserPath === null) throw new Error(missing)
await mkdir(target, { recursive: true })
const browser = await launchBrowser(browserPath)
const app = await startApp(scenes)
try {
  await prepare(browser)
  for (const [screen, viewport] of Object.entries(screens)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({
        viewport,
        colorScheme,
        deviceScaleFactor: 1,
        reducedMotion: 'reduce',
        isMobile: screen === 'phone',
        hasTouch: screen === 'phone',
      })
      await takeAll(page, `${screen}-${colorScheme}`)
      await page.close()
    }
  }
} finally {
  app.impostor.gate('running').open()
  await browser.close()
  await app.close()
}

async function prepare(open: Browser): Promise<void> {
  const page = await open.newPage()
  for (const [name, prompt] of Object.entries(prompts)) {
    // It is the last one, and only for the tests.
    if (name === 'rightToLeft') continue
    await page.goto(app.url)
    await page.getByLabel('Your message').fill(prompt)
    await page.keyboard.press('Enter')
    const isShown =
      name === 'running' ? '.text:has-text("when it is not")' : ':is(.facts li, .ask, .note)'
    await page.locator(`.turn ${isShown}`).first().waitFor()
    await fetch(`${page.url()}/title`, {
      method: 'POST',
      body: new URLSearchParams({ title: titles[name as keyof typeof titles] }),
    })
  }
  await page.close()
}

async function takeAll(page: Page, suffix: string): Promise<void> {
  const shoot = async (name: string): Promise<void> => {
    await page.evaluate(() => document.fonts.ready.then(() => undefined))
    const path = `${target}/${name}-${suffix}.png`
    const { byteLength } = await page.screenshot({ path })
    if (byteLength > maxBytes) throw new RangeError(`${path} has ${byteLength} bytes`)
    console.log(path)
  }
  for (const [index, name] of Object.keys(prompts).entries()) {
    if (!pictured.includes(name)) continue
    await page.goto(`${app.url}/conversations/${index + 1}`)
    await page.locator('.turn').first().waitFor()
    if (name === 'tools') await showTools(page)
    await shoot(name)
  }
}

/** The reader opens what is worth a look. */
async function showTools(page: Page): Promise<void> {
  for (const name of ['Task', 'Edit', 'Shell']) {
    await page.locator('.parts > * > .tool > summary', { hasText: name }).first().click()
  }
  await page.evaluate(() => window.scrollTo(0, 0))
}
