import { ask, gate, on, reply, text, tool } from '@turnstead/testkit'
import { collectProblems } from '@turnstead-examples/start/browser'
import { expect } from 'chai'
import { afterEach, it } from 'mocha'
import type { BrowserContext, Page } from 'playwright-core'
import { startApp, type TestApp } from './support/app.js'
import { begin, describeInBrowser, send } from './support/page.js'

describeInBrowser('the page of a conversation in a browser', (browser) => {
  let context: BrowserContext
  let page: Page
  let app: TestApp
  let problems: readonly string[]

  afterEach(async () => {
    await context.close()
    await app.close()
    // A connection that breaks is an error to the browser, and in one test the point.
    const others = problems.filter((problem) => !problem.includes('Failed to fetch'))
    expect(others, 'errors in the page').to.deep.equal([])
  })

  const open = async (scenario: Parameters<typeof startApp>[0]): Promise<void> => {
    app = await startApp(scenario)
    context = await browser().newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
    page = await context.newPage()
    // What the server refuses is told on the page.
    problems = collectProblems(page, /Failed to load resource/)
  }
  const turn = (number: number): ReturnType<Page['locator']> => page.locator('.turn').nth(number)
  const box = (): ReturnType<Page['locator']> => page.getByLabel('Your message')
  const copied = (): Promise<string> => page.evaluate(() => navigator.clipboard.readText())

  it('keeps a draft over a reload, and forgets it when it was sent', async () => {
    await open(reply(text('Hello.')))
    await begin(page, app, 'Go')
    await turn(0).locator('.facts').waitFor()
    await box().fill('half a sen')
    await page.reload()
    expect(await box().inputValue()).to.equal('half a sen')
    await page.goto(app.url)
    expect(await box().inputValue(), 'of another page').to.equal('')
    await page.goBack()
    await box().press('Enter')
    await turn(1).waitFor()
    expect(await box().inputValue()).to.equal('')
    await page.reload()
    expect(await box().inputValue()).to.equal('')
  })

  it('stops with Escape, which first closes what is open', async () => {
    await open(reply(text('As far as this. '), gate('never')))
    await begin(page, app, 'Go')
    await turn(0).getByText('As far as this.').waitFor()
    await page.getByLabel('Rename or delete').click()
    await page.keyboard.press('Escape')
    expect(await page.getByRole('button', { name: 'Rename' }).isVisible()).to.equal(false)
    await page.keyboard.press('Escape')
    await turn(0).getByText('You stopped this').waitFor()
  })

  it('puts a second message behind the answer, says so, and takes it back', async () => {
    await open([on('one', reply(text('One. '), gate('one'))), on('three', reply(text('Three.')))])
    await begin(page, app, 'one')
    await turn(0).getByText('One.').waitFor()
    expect(await page.getByLabel('Send').isVisible(), 'nothing to send').to.equal(false)
    await send(page, 'two')
    await turn(1).getByText('Waiting for the answer before it').waitFor()
    await turn(1).getByRole('button', { name: 'Take back' }).click()
    await turn(1).getByText('It was never asked').waitFor()
    await send(page, 'three')
    await turn(2).getByText('Waiting for the answer before it').waitFor()
    app.impostor.gate('one').open()
    await turn(2).getByText('Three.').waitFor()
  })

  it('gives a message to the agent that is at work, and says so', async () => {
    await open([
      on('one', reply(text('One. '), gate('one'), tool.read({ filePath: 'a' }), text('Not said.'))),
      on('two', reply(text('Both.'))),
    ])
    await begin(page, app, 'one')
    await turn(0).getByText('One.').waitFor()
    await box().fill('two')
    await page.getByLabel('When the agent gets it').selectOption('With its next step')
    await page.keyboard.press('Enter')
    await turn(1).getByText('Reaches the agent with its next step').waitFor()
    for (let count = 0; count < 2; count += 1) {
      await app.impostor.next('POST /session/*/prompt_async')
    }
    app.impostor.gate('one').open()
    await turn(1).locator('.facts').waitFor()
    expect(await turn(1).innerText()).to.contain('Both.')
  })

  it('attaches what is picked, dropped and pasted, takes it off again, and says the limits in words', async () => {
    await open(reply(text('Seen.')))
    await page.goto(app.url)
    const input = page.locator('#composer input[type="file"]')
    const file = (name: string, size = 3) => ({
      name,
      mimeType: 'text/plain',
      buffer: Buffer.alloc(size, 'x'),
    })
    await input.setInputFiles([file('a.txt'), file('b.txt')])
    const give = async (event: 'drop' | 'paste', name: string): Promise<void> => {
      await page.locator('#prompt').evaluate(
        (element, [kind, fileName]) => {
          const data = new DataTransfer()
          data.items.add(new File(['xyz'], fileName ?? ''))
          const all = { bubbles: true, cancelable: true }
          element.dispatchEvent(
            kind === 'drop'
              ? new DragEvent('drop', { ...all, dataTransfer: data })
              : new ClipboardEvent('paste', { ...all, clipboardData: data }),
          )
        },
        [event, name] as const,
      )
    }
    await give('drop', 'c.txt')
    await give('paste', 'd.txt')
    const names = (): Promise<string[]> => page.locator('#attached span').allTextContents()
    expect(await names()).to.deep.equal([
      'a.txt · 3 B',
      'b.txt · 3 B',
      'c.txt · 3 B',
      'd.txt · 3 B',
    ])
    await page.getByLabel('Remove b.txt').click()
    await input.evaluate((element: HTMLInputElement) => {
      const transfer = new DataTransfer()
      for (let index = 0; index < 12; index += 1) transfer.items.add(new File(['x'], `f${index}`))
      element.files = transfer.files
      element.dispatchEvent(new Event('change', { bubbles: true }))
    })
    await page.getByText('At most 10 files go with a message.').waitFor()
    for (let index = 0; index < 7; index += 1) await page.locator('#attached button').last().click()
    await give('drop', 'e.txt')
    expect(await names()).to.have.lengthOf(4)
    await send(page, 'Look')
    await turn(0).locator('.facts').waitFor()
    const shown = await turn(0).locator('.uploads b').allTextContents()
    expect(shown.map((name) => name.trim())).to.have.lengthOf(4)
    expect(shown.join()).to.contain('c.txt').and.contain('d.txt').and.not.contain('b.txt')
    expect(await names(), 'the box is empty again').to.deep.equal([])
  })

  it('copies code and the answer as it was written', async () => {
    await open(reply(text('Use **this**:\n\n```ts\nconst a = 1 < 2\n```\n')))
    await begin(page, app, 'Go')
    await turn(0).locator('.facts').waitFor()
    expect(await turn(0).locator('.code figcaption').innerText()).to.contain('TypeScript')
    expect(await turn(0).locator('.code .hljs-keyword').innerText()).to.equal('const')
    await turn(0).locator('.code .copy').click()
    await turn(0).getByText('Copied').waitFor()
    expect(await copied()).to.equal('const a = 1 < 2\n')
    await turn(0).locator('.copy-answer').click()
    await turn(0).locator('.copy-answer', { hasText: 'Copied' }).waitFor()
    expect((await copied()).trimEnd()).to.equal('Use **this**:\n\n```ts\nconst a = 1 < 2\n```')
  })

  it('takes no empty answer, keeps what was chosen, and shows the answer', async () => {
    const question = ask.question({ question: 'Which colour?', options: ['Red', 'Blue'] })
    await open(reply(question, text('Thank you.')))
    await begin(page, app, 'Go')
    const form = turn(0).getByRole('form', { name: 'The agent asks you' })
    await form.getByRole('button', { name: 'Answer', exact: true }).click()
    await form.getByText('Choose an answer first.').waitFor()
    await form.getByLabel('In your own words').fill('  ')
    await page.keyboard.press('Enter')
    expect(await form.isVisible()).to.equal(true)
    await form.getByText('Blue').click()
    await page.waitForFunction(() => document.title.startsWith('(!) '))
    await form.getByRole('button', { name: 'Answer', exact: true }).click()
    await turn(0).getByText('Thank you.').waitFor()
    expect(await turn(0).locator('[data-chosen="true"]').innerText()).to.contain('Blue')
    await page.waitForFunction(() => !document.title.startsWith('('))
  })

  it('says in every tab, by title, icon and list, that a conversation waits for the reader', async () => {
    const write = ask.permission(tool.write({ filePath: 'a.txt', content: 'a' }))
    await open([
      on('one', reply(text('One.'))),
      on('two', reply(text('May I? '), gate('two'), write)),
    ])
    await begin(page, app, 'one')
    await turn(0).locator('.facts').waitFor()
    const other = await context.newPage()
    await begin(other, app, 'two')
    await other.getByText('May I?').waitFor()
    await page.locator('.badge[data-state="runs"]').waitFor()
    app.impostor.gate('two').open()
    await page.locator('.badge[data-state="asks"]').waitFor()
    expect(await page.title()).to.match(/^\(!\) /)
    expect(await page.locator('#favicon').getAttribute('href')).to.equal('/assets/icon-asks.svg')
    const item = page.locator('#conversations a').first()
    expect(await item.innerText()).to.contain('waits for your answer')
    await other.getByRole('button', { name: 'Allow once' }).click()
    await page.locator('.badge').waitFor({ state: 'detached' })
    expect(await page.title()).to.not.match(/^\(/)
  })

  it('asks again, in the same words or in others', async () => {
    await open([
      on('Frist', reply(text('First.'))),
      on('Frist', reply(text('Second.'))),
      on('First', reply(text('Third.'))),
    ])
    await begin(page, app, 'Frist')
    await turn(0).locator('.facts').waitFor()
    await turn(0).getByRole('button', { name: 'Ask again' }).click()
    await turn(1).getByText('Second.').waitFor()
    await turn(1).locator('.facts').waitFor()
    expect(await turn(0).innerText(), 'folded').to.match(/^Earlier version\s+Frist$/)
    await box().fill('half a sen')
    await turn(1).getByLabel('Edit and ask again').click()
    expect(await box().inputValue()).to.equal('Frist')
    expect(await page.locator('#editing').innerText()).to.contain('goes back to before it')
    await page.keyboard.press('Escape')
    expect(await page.locator('#editing').isVisible(), 'cancelled').to.equal(false)
    expect(await box().inputValue(), 'the draft is back').to.equal('half a sen')
    await turn(1).getByLabel('Edit and ask again').click()
    await box().fill('First')
    await page.keyboard.press('Enter')
    await turn(2).getByText('Third.').waitFor()
    expect(await page.locator('#editing').isVisible()).to.equal(false)
    expect(await box().inputValue(), 'what was begun before').to.equal('half a sen')
    await turn(2).locator('.facts').waitFor()
    await turn(1).locator('summary').first().click()
    await turn(1).getByText('Second.').waitFor()
    expect(await turn(1).getByRole('button', { name: 'Ask again' }).isVisible()).to.equal(false)
    await page.reload()
    expect(await page.locator('.turn.replaced').count()).to.equal(2)
  })

  it('keeps what was written when the connection breaks, and says so', async () => {
    await open(reply(text('Hello.')))
    await begin(page, app, 'Go')
    await turn(0).locator('.facts').waitFor()
    await page.route('**/messages', (route) => route.abort())
    await send(page, 'Not yet')
    await page.getByText('it is taken only once').waitFor()
    expect(await box().inputValue()).to.equal('Not yet')
    await page.unroute('**/messages')
    await box().press('Enter')
    await turn(1).waitFor()
    expect(await page.locator('#composer-problem').innerText()).to.equal('')
    // It came, and the word of that did not: sent again it is no second message.
    let isAnswered = false
    await page.route('**/messages', async (route) => {
      await route.fetch()
      isAnswered = true
      await route.abort()
    })
    await send(page, 'Once')
    await page.getByText('it is taken only once').waitFor()
    await page.unroute('**/messages')
    await box().press('Enter')
    while ((await box().inputValue()) !== '') await page.waitForTimeout(25)
    await turn(2).locator('.facts').waitFor()
    expect([isAnswered, await app.database('messages').count('* as count').first()]).to.deep.equal([
      true,
      { count: 3 },
    ])
  })

  it('leaves a call open that the reader opened, while it goes on', async () => {
    const run = tool.bash(
      { command: 'seq 2' },
      { progress: ['first line\n', 'second line\n'], output: 'first line\nsecond line\n' },
    )
    await open(
      reply(
        tool.task(
          { description: 'Look', prompt: 'Look' },
          reply(text('Step. '), gate('a'), run, text('End.')),
        ),
        text('Done.'),
      ),
    )
    await begin(page, app, 'Go')
    await turn(0).locator('.tool > summary').first().click()
    await turn(0).locator('.steps').getByText('Step.').waitFor()
    app.impostor.gate('a').open()
    await turn(0).locator('.facts').waitFor()
    expect(await turn(0).locator('.steps .tool').isVisible(), 'still open').to.equal(true)
    expect(await turn(0).locator('.steps').innerText()).to.contain('End.')
  })

  const openWhileRunning = async (): Promise<ReturnType<Page['locator']>> => {
    const run = tool.bash(
      { command: 'seq 2' },
      { progress: ['first line\n'], output: 'first line\nsecond line\n', gate: 'a' },
    )
    await open(reply(text('I count.'), run, text('Done.')))
    // However slow the machine is, the change comes within the time that a page waits for a release.
    const content = `const own = setTimeout
      globalThis.setTimeout = (run, ms) => own(run, ms === 400 ? globalThis.longestPressMs : ms)
      globalThis.longestPressMs = 60_000`
    await page.addInitScript({ content })
    await begin(page, app, 'Go')
    const summary = turn(0).locator('.tool > summary')
    await summary.locator('.state', { hasText: 'Running' }).hover()
    return summary
  }

  it('takes a press on what changes meanwhile', async () => {
    const summary = await openWhileRunning()
    await page.mouse.down()
    app.impostor.gate('a').open()
    while ((await app.rows.store.read(1))?.closedAt == null) await page.waitForTimeout(10)
    // As long as a finger rests, and longer than a change takes to come.
    await page.waitForTimeout(200)
    await page.mouse.up()
    await turn(0).locator('.facts').waitFor()
    expect(await turn(0).locator('.tool-body').isVisible(), 'opened').to.equal(true)
    expect(await summary.innerText()).to.contain('Done')
  })

  it('changes under a press that lasts', async () => {
    await openWhileRunning()
    await page.evaluate('longestPressMs = 400')
    await page.mouse.down()
    app.impostor.gate('a').open()
    await turn(0).locator('.facts').waitFor()
    await page.mouse.up()
  })

  it('is renamed and deleted, which asks once more, and other tabs are told', async () => {
    await open(reply(text('Hello.')))
    await begin(page, app, 'Go')
    await turn(0).locator('.facts').waitFor()
    const other = await context.newPage()
    await other.goto(app.url)
    await page.getByLabel('Rename or delete').click()
    await page.getByRole('textbox', { name: 'Title' }).fill('My own title')
    await page.getByRole('button', { name: 'Rename' }).click()
    await page.locator('.topbar h1', { hasText: 'My own title' }).waitFor()
    expect(await page.locator('#conversations').innerText()).to.contain('My own title')
    await page.getByLabel('Rename or delete').click()
    await page.getByText('Delete…').click()
    await page.getByRole('button', { name: 'Delete for good' }).click()
    await page.waitForURL(`${app.url}/`)
    expect(await page.locator('#conversations li').count()).to.equal(0)
    await other.locator('#conversations li').waitFor({ state: 'detached' })
  })

  it('finds a conversation from the keyboard alone', async () => {
    await open([on('apples', reply(text('Red.'))), on('pears', reply(text('Green.')))])
    await begin(page, app, 'apples')
    await turn(0).locator('.facts').waitFor()
    await begin(page, app, 'pears')
    await turn(0).locator('.facts').waitFor()
    await page.keyboard.press('Control+k')
    await page.keyboard.type('red')
    await page.keyboard.press('Enter')
    await page.getByText('1 found for “red”').waitFor()
    const links = page.locator('#conversations a')
    expect(await links.count()).to.equal(1)
    await page.getByLabel('Search conversations').focus()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    expect(await links.first().evaluate((link) => link === document.activeElement)).to.equal(true)
    await page.keyboard.press('Enter')
    await turn(0).getByText('Red.').waitFor()
  })

  it('searches as one types, and leaves what is read where it is', async () => {
    await open([on('apples', reply(text('Red.'))), on('pears', reply(text('Green. '), gate('p')))])
    await begin(page, app, 'apples')
    await turn(0).locator('.facts').waitFor()
    await begin(page, app, 'pears')
    await turn(0).getByText('Green.').waitFor()
    const { pathname } = new URL(page.url())
    const links = page.locator('#conversations a')
    await page.keyboard.press('Control+k')
    await page.keyboard.type('red')
    await page.getByText('1 found for “red”').waitFor()
    expect(await links.allInnerTexts()).to.have.length(1)
    // The one that is open ends meanwhile, and does not come into what was found.
    app.impostor.gate('p').open()
    await turn(0).locator('.facts').waitFor()
    expect(await links.count()).to.equal(1)
    await page.keyboard.type(' planet')
    await page.getByText('Nothing found for “red planet”').waitFor()
    await page.getByRole('link', { name: 'Show all' }).click()
    await links.nth(1).waitFor()
    expect(await page.getByLabel('Search conversations').inputValue()).to.equal('')
    expect(await links.nth(0).getAttribute('aria-current')).to.equal('page')
    expect(new URL(page.url()).pathname).to.equal(pathname)
    await page.keyboard.type('green')
    await page.getByText('1 found for “green”').waitFor()
    await page.keyboard.press('Escape')
    await links.nth(1).waitFor()
    await context.setOffline(true)
    await page.getByLabel('Search conversations').fill('red')
    await page.getByText('The search was not answered').waitFor()
    await context.setOffline(false)
  })
})
