import { gate, on, reasoning, reply, text } from '@turnstead/testkit'
import { collectProblems } from '@turnstead-examples/start/browser'
import { expect } from 'chai'
import { afterEach, it } from 'mocha'
import type { BrowserContext, Page } from 'playwright-core'
import { createNamedUsers } from '../src/users/named-users.js'
import { startApp, type TestApp } from './support/app.js'
import { begin, describeInBrowser, send } from './support/page.js'

/** In the place of the stream: what is told to the page, the test tells. A page that is not seen is not repainted. */
const staged = `{
  window.SharedWorker = class {
    constructor() {
      this.port = { postMessage() {} }
      window.tell = (data) => this.port.onmessage({ data })
    }
  }
  const repaint = window.requestAnimationFrame.bind(window)
  let isHidden = false
  let held = []
  window.requestAnimationFrame = (act) => (isHidden ? held.push(act) : repaint((at) => (isHidden ? held.push(act) : act(at))))
  Object.defineProperty(document, 'hidden', { get: () => isHidden })
  Object.defineProperty(document, 'visibilityState', { get: () => (isHidden ? 'hidden' : 'visible') })
  window.hide = (hides) => {
    isHidden = hides
    document.dispatchEvent(new Event('visibilitychange'))
    if (!hides) for (const act of held.splice(0)) repaint(act)
  }
}`

describeInBrowser('a page that one turns away from', (browser) => {
  let context: BrowserContext
  let page: Page
  let app: TestApp
  let problems: readonly string[]

  afterEach(async () => {
    await context.close()
    await app.close()
    expect(problems, 'errors in the page').to.deep.equal([])
  })

  const open = async (
    scenario: Parameters<typeof startApp>[0],
    script = '',
    options: Parameters<typeof startApp>[1] = {},
  ): Promise<void> => {
    app = await startApp(scenario, options)
    context = await browser().newContext()
    if (script !== '') await context.addInitScript(script)
    page = await context.newPage()
    problems = collectProblems(page)
  }
  const box = (): ReturnType<Page['locator']> => page.getByLabel('Your message')
  const tell = (conversation: number, html: string, at: string): Promise<void> =>
    page.evaluate(
      `tell(${JSON.stringify({ type: 'changes', conversation, at, html, isWhole: false })})`,
    )
  const title = (words: string): string =>
    `<turbo-stream action="update" target="conversation-1-title"><template>${words}</template></turbo-stream>`

  it('shows what was told in its order, though it was not seen meanwhile', async () => {
    await open([reply(text('Hello.'))], staged)
    await app.post('/conversations', 'Go')
    await page.goto(`${app.url}/conversations/1`)
    const heading = page.locator('.topbar h1')
    await page.evaluate(`{
      const say = (number) => tell({ type: 'changes', conversation: 1, at: 'x-' + number, isWhole: false, html:
        '<turbo-stream action="update" target="conversation-1-title"><template>Number ' + number + '</template></turbo-stream>' })
      say(1)
      hide(true)
      say(2)
    }`)
    await heading.getByText('Number 2').waitFor()
    await page.evaluate('hide(false)')
    await page.evaluate(
      'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))',
    )
    expect(await heading.innerText()).to.equal('Number 2')
  })

  it('shows what was told though it is not repainted, as behind another window', async () => {
    await open([reply(text('Hello.'))], staged)
    await app.post('/conversations', 'Go')
    await page.goto(`${app.url}/conversations/1`)
    await page.evaluate('window.requestAnimationFrame = () => 0')
    await tell(1, title('Number 1'), 'x-1')
    await tell(1, title('Number 2'), 'x-2')
    while ((await page.locator('.topbar h1').innerText()) !== 'Number 2') {
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  })

  it('keeps what is edited and what was opened when it is brought to now as a whole', async () => {
    await open([reply(reasoning('Let me think.'), text('Hello.'))], staged)
    await app.post('/conversations', 'Go')
    while ((await app.rows.store.read(1))?.closedAt == null) {
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    await page.goto(`${app.url}/conversations/1`)
    const details = page.locator('.turn details').first()
    await details.locator('summary').click()
    await page.getByLabel('Edit and ask again').click()
    for (const length of [0, 200_000]) {
      await page.evaluate(`(async () => {
        const html = await (await fetch('/conversations/1')).text()
        const turn = new DOMParser().parseFromString(html, 'text/html').querySelector('.turn')
        turn.querySelector('.prompt').textContent = 'Now ${length}' + ' '.repeat(${length})
        tell({ type: 'changes', conversation: 1, at: 'x-1', isWhole: true, html:
          '<turbo-stream action="append" target="turns"><template>' + turn.outerHTML + '</template></turbo-stream>' })
      })()`)
      await page.locator('.turn .prompt').getByText(`Now ${length}`).waitFor()
      expect(await page.locator('.turn[data-edited]').count(), 'edited').to.equal(1)
      expect(await details.getAttribute('open'), 'opened').to.equal('')
      expect(await details.getAttribute('data-chosen'), 'chosen').to.equal('')
    }
  })

  it('takes nothing that is for another conversation, and nothing twice', async () => {
    await open([reply(text('Hello.'))], staged)
    await app.post('/conversations', 'Go')
    await page.goto(`${app.url}/conversations/1`)
    await tell(2, title('Of another one'), 'y-1')
    await tell(1, title('New'), 'x-2')
    await tell(1, title('Old'), 'x-1')
    await tell(
      1,
      '<turbo-stream action="update" target="conversation-1-cost"><template>$1</template></turbo-stream>',
      'x-3',
    )
    await page.getByText('$1').waitFor()
    expect(await page.locator('.topbar h1').innerText()).to.equal('New')
  })

  for (const [way, script] of [
    ['with a worker', ''],
    ['without one', 'delete window.SharedWorker'],
  ] as const) {
    it(`has each paragraph once when it is gone back to, ${way}`, async () => {
      const paragraphs = text('Second.\n\nThird.\n\nFourth.\n\n')
      await open(
        [reply(text('First.\n\n'), gate('a'), paragraphs, gate('b'), text('End.'))],
        script,
      )
      await app.post('/conversations', 'Go')
      await page.goto(`${app.url}/conversations/1`)
      await page.getByText('First.').waitFor()
      // Made anew, with a place.
      await page.reload()
      await page.getByText('First.').waitFor()
      app.impostor.gate('a').open()
      await page.getByText('Fourth.').waitFor()
      await page.getByRole('link', { name: 'New conversation' }).click()
      await page.getByText('What shall we work on?').waitFor()
      await page.goBack()
      await page.locator('.turn').getByText('Fourth.').first().waitFor()
      // Comes after what the page has missed.
      await page.evaluate(
        `fetch('/conversations/1/title', { method: 'POST', body: new URLSearchParams({ title: 'Named' }) })`,
      )
      await page.locator('.topbar h1').getByText('Named').waitFor()
      const shown = (await page.locator('.turn .text').allInnerTexts()).join(' ')
      expect(shown).to.match(/^First\.\s+Second\.\s+Third\.\s+Fourth\.$/)
      app.impostor.gate('b').open()
      await page.locator('.facts li').first().waitFor()
    })
  }

  it('keeps what is written while a message is under way', async () => {
    await open([on('one', reply(text('One.'))), reply(text('Hello.'))])
    await begin(page, app, 'Go')
    await page.locator('.facts li').first().waitFor()
    let letOn = (): void => undefined
    const written = new Promise<void>((resolve) => (letOn = resolve))
    await page.route('**/messages', async (route) => {
      await written
      await route.continue()
    })
    await send(page, 'one')
    await page.keyboard.type(' and the next')
    letOn()
    await page.locator('.turn').getByText('One.').waitFor()
    while ((await box().inputValue()) !== 'and the next') await page.waitForTimeout(25)
    await page.reload()
    expect(await box().inputValue(), 'as a draft').to.equal('and the next')
  })

  it('has no draft of what was sent with a file while one was elsewhere', async () => {
    await open([reply(text('Hello.'))])
    await begin(page, app, 'Go')
    await page.locator('.facts li').first().waitFor()
    let letOn = (): void => undefined
    const left = new Promise<void>((resolve) => (letOn = resolve))
    await page.route('**/conversations/1/messages', async (route) => {
      await left
      await route.continue()
    })
    await page
      .locator('input[type="file"]')
      .setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') })
    await send(page, 'With a file')
    await page.getByRole('link', { name: 'New conversation' }).click()
    await page.getByText('What shall we work on?').waitFor()
    letOn()
    const draft = '`draft:${document.body.dataset.reader}:/conversations/1`'
    while ((await page.evaluate(`localStorage.getItem(${draft})`)) !== null) {
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    await page.goto(`${app.url}/conversations/1`)
    await page.locator('.turn .prompt').getByText('With a file').waitFor()
    expect(await box().inputValue()).to.equal('')
  })

  it('has what was attached, and lets it be taken away again', async () => {
    await open([reply(text('Hello.'))])
    await begin(page, app, 'Go')
    await page.locator('.facts li').first().waitFor()
    await page
      .locator('input[type="file"]')
      .setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') })
    await page.getByText('a.txt').waitFor()
    await page.getByRole('link', { name: 'New conversation' }).click()
    await page.getByText('What shall we work on?').waitFor()
    await page.goBack()
    await page.getByRole('button', { name: 'Remove a.txt' }).click()
    await page.getByText('a.txt').waitFor({ state: 'detached' })
  })

  it('can be written in, though its files are still being sent', async () => {
    await open([reply(text('Hello.'))])
    await begin(page, app, 'Go')
    await page.locator('.facts li').first().waitFor()
    await page.route('**/messages', () => undefined)
    await page
      .locator('input[type="file"]')
      .setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') })
    await send(page, 'With a file')
    await page.locator('#uploading').waitFor()
    await page.getByRole('link', { name: 'New conversation' }).click()
    await page.getByText('What shall we work on?').waitFor()
    await page.goBack()
    await page.locator('.turn').first().waitFor()
    expect(await page.locator('#uploading').isVisible()).to.equal(false)
    expect(await box().isEditable()).to.equal(true)
    expect(await page.locator('[data-kind="send"]').isEnabled()).to.equal(true)
  })

  it('does not send what is attached when the agent is stopped', async () => {
    await open([reply(text('Hello. '), gate('a'))])
    await begin(page, app, 'Go')
    await page.getByText('Hello.').waitFor()
    await page
      .locator('input[type="file"]')
      .setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.alloc(500_000, 'a') })
    const stopping = page.waitForRequest('**/stop')
    await page.keyboard.press('Escape')
    const { 'content-length': length } = await (await stopping).allHeaders()
    expect(Number(length ?? 0)).to.be.below(1_000)
    await page.getByText('You stopped this.').waitFor()
    expect(await page.locator('#attached').innerText()).to.contain('a.txt')
  })

  it('is left when its conversation is removed in another one', async () => {
    await open([reply(text('Hello. '), gate('a'))])
    await begin(page, app, 'Go')
    await page.getByText('Hello.').waitFor()
    await app.post('/conversations/1/delete', '')
    await page.waitForURL(`${app.url}/`)
    await page.getByText('What shall we work on?').waitFor()
  })

  it('shows what is written there to no one else who uses the browser', async () => {
    await open([], '', { users: createNamedUsers({ secret: 'of the tests', isSecure: false }) })
    const logIn = async (name: string): Promise<void> => {
      await page.getByLabel('Your name').fill(name)
      await page.keyboard.press('Enter')
      await page.getByText('What shall we work on?').waitFor()
      await page.reload()
    }
    await page.goto(app.url)
    await logIn('Ada')
    await box().fill('My secret')
    await page.getByRole('button', { name: 'Log out' }).click()
    await logIn('Bob')
    expect(await box().inputValue()).to.equal('')
    await page.getByRole('button', { name: 'Log out' }).click()
    await logIn('Ada')
    expect(await box().inputValue()).to.equal('My secret')
  })
})
