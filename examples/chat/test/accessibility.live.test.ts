import { createRequire } from 'node:module'
import { collectProblems } from '@turnstead-examples/start/browser'
import { expect } from 'chai'
import { after, before, it } from 'mocha'
import type { Page } from 'playwright-core'
import type { AxeResults } from 'axe-core'
import { prompts, scenes } from '../screenshots/scenes.js'
import { createNamedUsers } from '../src/users/named-users.js'
import { startApp, type TestApp } from './support/app.js'
import { begin, describeInBrowser, sideways } from './support/page.js'

const axePath = createRequire(import.meta.url).resolve('axe-core')
const widths = [320, 768, 1280, 2560]

describeInBrowser('every state of the page', (browser) => {
  let app: TestApp
  let named: TestApp
  const places = new Map<string, string>()

  before(async () => {
    app = await startApp(scenes)
    const page = await browser().newPage()
    places.set('first page', app.url)
    for (const [name, prompt] of Object.entries(prompts)) {
      await begin(page, app, prompt)
      const state =
        name === 'running' ? '.text:has-text("when it is not")' : ':is(.facts li, .ask, .note)'
      await page.locator(`.turn ${state}`).first().waitFor()
      places.set(name, page.url())
    }
    places.set('not found', `${app.url}/nowhere`)
    places.set('search', `${app.url}/?q=cart`)
    named = await startApp([], {
      users: createNamedUsers({ secret: 'of the tests', isSecure: false }),
    })
    places.set('log-in', `${named.url}/log-in`)
    await page.close()
  })
  after(async () => {
    app.impostor.gate('running').open()
    await app.close()
    await named.close()
  })

  /** Also what is behind what can be opened. */
  const openAll = (page: Page): Promise<void> =>
    page.evaluate(() => {
      for (const each of document.querySelectorAll('details')) each.open = true
    })

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has no violations that axe knows of, in ${colorScheme}`, async () => {
      // The page's own policy lets no other script in, so the tool comes from outside of it.
      const page = await browser().newPage({ colorScheme, bypassCSP: true })
      const problems = collectProblems(page, /404/)
      const violations: string[] = []
      for (const [name, url] of places) {
        await page.goto(url)
        await openAll(page)
        await page.addScriptTag({ path: axePath })
        const results = (await page.evaluate('axe.run()')) as AxeResults
        for (const { id, nodes } of results.violations) {
          violations.push(
            `${name}: ${id}: ${nodes.map(({ html, failureSummary }) => html + failureSummary).join('\n')}`,
          )
        }
      }
      await page.close()
      expect(violations.join('\n\n')).to.equal('')
      expect(problems).to.deep.equal([])
    })
  }

  it('fits every width, and its title bar stands over its column and lets nothing shine through', async () => {
    for (const width of widths) {
      const page = await browser().newPage({ viewport: { width, height: 700 } })
      for (const [name, url] of places) {
        await page.goto(url)
        await openAll(page)
        expect(await sideways(page), `${name} at ${width}`).to.equal(0)
      }
      await page.goto(places.get('answer') ?? '')
      const left = (selector: string): Promise<number> =>
        page
          .locator(selector)
          .first()
          .evaluate((element) => element.getBoundingClientRect().left)
      const [title, text] = [await left('.topbar .column'), await left('.text')]
      expect(Math.abs(title - text), `at ${width}`).to.be.lessThan(1)
      const paper = await page
        .locator('.topbar')
        .evaluate((bar) => getComputedStyle(bar).backgroundColor)
      expect(paper).to.match(/^rgb\(/)
      await page.close()
    }
  })

  it('moves nothing for readers who want that', async () => {
    const page = await browser().newPage({ reducedMotion: 'reduce' })
    for (const name of ['running', 'ask', 'first page']) {
      await page.goto(places.get(name) ?? '')
      const moving = await page.evaluate(() => document.getAnimations().length)
      expect(moving, name).to.equal(0)
    }
    await page.close()
  })

  it('reads in its order: the skip link, the list, the conversation, the answers, the prompt box', async () => {
    const page = await browser().newPage()
    await page.goto(places.get('ask') ?? '')
    await page.evaluate(() => {
      ;(document.activeElement as HTMLElement).blur()
    })
    const seen: string[] = []
    for (let step = 0; step < 40; step += 1) {
      await page.keyboard.press('Tab')
      seen.push(
        await page.evaluate(() => {
          const { activeElement: element } = document
          return (
            element?.id ||
            element?.getAttribute('aria-label') ||
            element?.textContent?.trim().slice(0, 24) ||
            ''
          )
        }),
      )
      if (seen.at(-1) === 'prompt') break
    }
    const order = [
      'Skip to the conversation',
      'New conversation',
      'search',
      'Rename or delete',
      'Allow once',
      'Reject, and stop',
      'prompt',
    ]
    const places_ = order.map((name) => seen.findIndex((each) => each.includes(name)))
    expect(places_, seen.join(' | ')).to.deep.equal(places_.toSorted((one, other) => one - other))
    expect(places_).to.not.include(-1)
    await page.close()
  })

  it('shows each text in its own direction', async () => {
    const page = await browser().newPage()
    await page.goto(places.get('rightToLeft') ?? '')
    const sideOf = (selector: string): Promise<string> =>
      page.locator(selector).evaluate((element) => {
        const range = document.createRange()
        range.selectNodeContents(element)
        const text = range.getBoundingClientRect()
        const place = element.getBoundingClientRect()
        return text.left - place.left < place.right - text.right ? 'left' : 'right'
      })
    expect(await sideOf('.text p >> nth=0')).to.equal('right')
    expect(await sideOf('.text p >> nth=1')).to.equal('left')
    expect(
      await page.locator('.prompt').evaluate((box) => getComputedStyle(box).direction),
    ).to.equal('rtl')
    expect(
      await page.locator('.text ul').evaluate((list) => getComputedStyle(list).direction),
    ).to.equal('rtl')
    expect(await page.locator('#prompt').getAttribute('dir')).to.equal('auto')
    await page.close()
  })

  it('prints the conversation and not what is around it', async () => {
    const page = await browser().newPage()
    await page.goto(places.get('answer') ?? '')
    await page.emulateMedia({ media: 'print' })
    for (const hidden of ['.sidebar', '.dock', '.copy', '.turn-actions']) {
      expect(await page.locator(hidden).first().isVisible(), hidden).to.equal(false)
    }
    expect(await page.locator('.text').first().isVisible()).to.equal(true)
    await page.close()
  })
})
