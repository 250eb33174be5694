import { ask, gate, on, reasoning, reply, text } from '@turnstead/testkit'
import { collectProblems, findLiveTools, launchBrowser } from '@turnstead-examples/start/browser'
import { expect } from 'chai'
import { after, afterEach, before, beforeEach, describe, it } from 'mocha'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { startApp, type TestApp } from './support/app.js'

const { browser: browserPath } = findLiveTools('examples/chat')

const question = ask.question({ question: 'Which colour?', options: ['Blue', 'Green'] })

describe('many tabs of one browser, over HTTP/1.1', function () {
  this.timeout(120_000)
  if (browserPath === null) {
    it.skip('share one stream (skipped: no Chromium)')
    return
  }

  let browser: Browser
  let app: TestApp
  let context: BrowserContext
  const problems: (readonly string[])[] = []

  before(async () => {
    browser = await launchBrowser(browserPath)
  })
  after(() => browser.close())
  beforeEach(async () => {
    app = await startApp([
      on('one', reply(text('First half. '), gate('half'), text('Second half.'))),
      on('two', reply(text('Answer two.'))),
      on('three', reply(text('Answer three.'))),
      on('ask', reply(reasoning('Which one?'), question, text('Thank you.'))),
    ])
    context = await browser.newContext()
    problems.length = 0
  })
  afterEach(async () => {
    await context.close()
    await app.close()
    expect(problems.flat(), 'errors in the pages').to.deep.equal([])
  })

  const open = async (path: string): Promise<Page> => {
    const page = await context.newPage()
    problems.push(collectProblems(page))
    await page.goto(app.url + path)
    return page
  }
  const streams = async (): Promise<number> => {
    const health = (await (await app.get('/health')).json()) as { streams: number }
    return health.streams
  }
  const untilStreams = async (count: number): Promise<void> => {
    while ((await streams()) !== count) await new Promise((resolve) => setTimeout(resolve, 25))
  }
  const shows = (page: Page, words: string): Promise<void> =>
    page.locator('.turn').getByText(words).first().waitFor()

  it('twenty of them load, share a stream, and all show what is said', async () => {
    await app.post('/conversations', 'one')
    const tabs: Page[] = []
    for (let number = 1; number <= 20; number += 1) {
      tabs.push(await open(number % 5 === 0 ? '/' : '/conversations/1'))
    }
    const ofConversation = tabs.filter((_, index) => (index + 1) % 5 !== 0)
    for (const tab of ofConversation) await shows(tab, 'First half.')
    await untilStreams(1)
    app.impostor.gate('half').open()
    for (const tab of ofConversation) {
      await shows(tab, 'Second half.')
      await tab.locator('.facts li').first().waitFor()
      expect(await tab.locator('.turn').count()).to.equal(1)
    }
    await untilStreams(0)
  })

  it('hear of what is sent in one of them, without a stream while nothing runs', async () => {
    await app.post('/conversations', 'two')
    const [one, other] = [await open('/conversations/1'), await open('/conversations/1')]
    await shows(one, 'Answer two.')
    await untilStreams(0)
    await one.getByLabel('Your message').fill('three')
    await one.keyboard.press('Enter')
    await shows(one, 'Answer three.')
    await shows(other, 'Answer three.')
    await untilStreams(0)
  })

  it('catch up when they are looked at again', async () => {
    await app.post('/conversations', 'one')
    const tab = await open('/conversations/1')
    await shows(tab, 'First half.')
    await untilStreams(1)
    app.impostor.gate('half').open()
    await shows(tab, 'Second half.')
    await untilStreams(0)
    // From another browser.
    await app.post('/conversations/1/messages', 'three')
    while ((await app.rows.findMessage(2))?.turn_status !== 'completed') {
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    expect(await tab.locator('.turn').count()).to.equal(1)
    await tab.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`)
    await shows(tab, 'Answer three.')
    await untilStreams(0)
  })

  it('keep what a reader has opened, chosen and typed when a page is brought up to date', async () => {
    await app.post('/conversations', 'ask')
    const tab = await open('/conversations/1')
    await tab.getByLabel('In your own words').fill('Green, or')
    await tab.getByRole('radio', { name: 'Blue' }).check()
    const opened = tab.locator('.turn details').first()
    await opened.locator('summary').click()
    // What the page should not have is put right when it is brought to now.
    await tab.evaluate(`{
      document.querySelector('.turn details').kept = 'kept'
      document.querySelector('.turn .standing p').textContent = 'stale'
    }`)
    // A second tab has the first one brought to now as a whole, too.
    const other = await open('/conversations/1')
    await other.getByLabel('In your own words').waitFor()
    await shows(tab, 'Waiting for your answer')
    expect(await tab.getByLabel('In your own words').inputValue()).to.equal('Green, or')
    expect(await tab.getByRole('radio', { name: 'Blue' }).isChecked()).to.equal(true)
    expect(await opened.getAttribute('open')).to.equal('')
    expect(await tab.evaluate(`document.querySelector('.turn details').kept`)).to.equal('kept')
    await tab.getByRole('button', { name: 'Answer', exact: true }).click()
    for (const each of [tab, other]) await shows(each, 'Thank you.')
  })

  it('leave the focus where a reader moves it while the page changes', async () => {
    await app.post('/conversations', 'ask')
    const tab = await open('/conversations/1')
    await tab.getByRole('button', { name: 'Answer', exact: true }).waitFor()
    // Between the time that a change comes and the repaint that shows it.
    const focused = await tab.evaluate(`new Promise((resolve) => {
      document.getElementById('prompt').focus()
      addEventListener('turbo:before-stream-render', () => {
        queueMicrotask(() => document.querySelector('form.ask button').focus())
        setTimeout(() => resolve(document.activeElement.textContent.trim()), 200)
      }, { once: true })
      // As when it is looked at again: all of it is shown anew.
      document.dispatchEvent(new Event('turbo:load'))
    })`)
    expect(focused).to.equal('Answer')
  })

  it('have a stream each, while they are seen, in a browser without shared workers', async () => {
    await context.addInitScript('delete window.SharedWorker')
    await app.post('/conversations', 'one')
    const [one, other] = [await open('/conversations/1'), await open('/conversations/1')]
    await shows(one, 'First half.')
    await shows(other, 'First half.')
    await untilStreams(2)
    const hide = (page: Page, isHidden: boolean): Promise<unknown> =>
      page.evaluate(`{
        Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))
      }`)
    await hide(other, true)
    await untilStreams(1)
    app.impostor.gate('half').open()
    await shows(one, 'Second half.')
    expect(await other.getByText('Second half.').count()).to.equal(0)
    await hide(other, false)
    await shows(other, 'Second half.')
    await untilStreams(0)
  })
})
