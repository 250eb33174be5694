import { createRequire } from 'node:module'
import { reply, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, it } from 'mocha'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { startApp, type TestApp } from './support/app.js'
import { begin, describeInBrowser, send } from './support/page.js'

const axePath = createRequire(import.meta.url).resolve('axe-core')
describeInBrowser('what a page turns into while one works with it', (browser) => {
  let page: Page
  let app: TestApp

  beforeEach(async () => {
    app = await startApp(reply(text('Hello.')))
  })
  afterEach(async () => {
    await page.close()
    await app.close()
  })

  const violations = async (): Promise<string> => {
    await page.addScriptTag({ path: axePath })
    const results = (await page.evaluate('axe.run()')) as AxeResults
    return results.violations
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`)
      .join('\n\n')
  }
  const described = (): Promise<string> =>
    page.getByLabel('Your message').evaluate((box) =>
      (box.getAttribute('aria-describedby') ?? '')
        .split(' ')
        .map((id) => document.getElementById(id)?.textContent?.replaceAll(/\s+/g, ' ').trim())
        .join(' '),
    )

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has no violations that axe knows of, in ${colorScheme}: an earlier version, an edit, files under way`, async () => {
      page = await browser().newPage({ colorScheme, bypassCSP: true })
      await begin(page, app, 'Go')
      await page.locator('.facts li').first().waitFor()
      await page.getByRole('button', { name: 'Ask again' }).click()
      await page.locator('.turn:nth-of-type(2) .facts li').first().waitFor()
      await page.locator('.replaced summary').first().click()
      await page.locator('.replaced .text').waitFor()
      await page.getByLabel('Edit and ask again').last().click()
      expect(await violations(), 'an edit, and an earlier version').to.equal('')
      expect(await described()).to.contain('Editing an earlier message')
      await page.keyboard.press('Escape')
      await page.route('**/messages', () => undefined)
      await page.locator('input[type="file"]').setInputFiles({
        name: 'a.txt',
        mimeType: 'text/plain',
        buffer: Buffer.alloc(100_000, 'a'),
      })
      await send(page, 'With a file')
      await page.locator('#uploading').waitFor()
      expect(await violations(), 'files under way').to.equal('')
    })
  }

  it('is not said to be an edit when it is none', async () => {
    page = await browser().newPage()
    await begin(page, app, 'Go')
    await page.locator('.facts li').first().waitFor()
    expect(await described()).to.not.contain('Editing')
    await page.getByLabel('Edit and ask again').click()
    expect(await described()).to.contain('Editing an earlier message')
    await page.keyboard.press('Escape')
    expect(await described()).to.not.contain('Editing')
    await page.goto(
      await page
        .getByLabel('Edit and ask again')
        .evaluate((link) => (link as HTMLAnchorElement).href),
    )
    expect(await described()).to.contain('Editing an earlier message')
  })
})
