import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OpenCodeRunOutput } from '@turnstead/task'
import { collectProblems, findLiveTools, launchBrowser } from '@turnstead-examples/start/browser'
import { expect } from 'chai'
import { after, afterEach, before, beforeEach, describe, it } from 'mocha'
import type { Browser, Page } from 'playwright-core'
import { startTaskChat, type TaskChat } from '../src/start-task-chat.js'

const { binary, browser: browserPath, missing } = findLiveTools('examples/task')

describe('the chat that gives work to the agent, in a browser, on the real server', function () {
  this.timeout(120_000)
  if (binary === null || browserPath === null) {
    it.skip(`drives the application (skipped: ${missing})`)
    return
  }

  let browser: Browser
  let dataDir: string
  let app: TaskChat
  let page: Page
  let problems: readonly string[]

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'turnstead-task-'))
    const env = { TASK_DATA: dataDir, PORT: '0', OPENCODE_BINARY: binary, TASK_SHELL: '1' }
    const { signal } = new AbortController()
    ;[browser, app] = await Promise.all([
      launchBrowser(browserPath),
      startTaskChat(env, { signal }),
    ])
  })
  after(async () => {
    await browser?.close()
    await app?.close()
    await rm(dataDir, { recursive: true, force: true })
  })

  beforeEach(async () => {
    page = await browser.newPage()
    problems = collectProblems(page)
    await page.goto(app.url)
  })
  afterEach(async () => {
    await page.close()
    expect(problems, 'errors in the page').to.deep.equal([])
  })

  const run = (number = 0): ReturnType<Page['locator']> =>
    page.getByRole('region', { name: "The agent's work" }).nth(number)
  const state = (words: string, number = 0): Promise<void> =>
    run(number).getByText(`The agent: ${words}`).waitFor()
  const send = async (prompt: string): Promise<void> => {
    await page.getByLabel('Your message').fill(prompt)
    await page.keyboard.press('Enter')
  }

  it('shows the work as it goes on, and the file with its bytes', async () => {
    await page.getByRole('button', { name: 'Write a packing list into a file' }).press('Enter')
    await state('working')
    await run().getByText('I write the list').waitFor()
    await state('done')
    await page.getByText('The agent is done.').waitFor()
    const words = await run().innerText()
    expect(words).to.contain('Have it checked (completed)')
    expect(words).to.contain('It is complete.', 'what the sub-agent said')
    expect(words).to.contain('write: packing-list.md, done').and.not.contain(dataDir.slice(1))

    // The agent writes Markdown.
    expect(await run().locator('.words code').allInnerTexts()).to.include('packing-list.md')
    expect(words).not.to.contain('`')

    await run().getByText('File changes').press('Enter')
    await run().getByText('packing-list.md was edited').waitFor()
    const downloading = page.waitForEvent('download')
    await run().getByRole('link', { name: 'Download packing-list.md' }).press('Enter')
    const file = await downloading
    expect(file.suggestedFilename()).to.equal('packing-list.md')
    expect(await readFile(await file.path(), 'utf8')).to.match(
      /^# Packing list\n\n- \[ \] Passport/,
    )
  })

  it('asks the person: a question and a permission, answered by keyboard', async () => {
    await send('Ask me something first')
    const question = run().getByRole('form', { name: 'The agent has a question' })
    await question.getByRole('button', { name: 'Answer', exact: true }).press('Enter')
    await question.getByRole('alert').getByText('Choose an answer first.').waitFor()
    await question.getByRole('radio', { name: 'On a phone' }).press('Space')
    await question.getByLabel('In your own words').fill('or <b>both</b>')
    await page.keyboard.press('Enter')
    await state('done')
    expect(await question.count()).to.equal(0)
    expect(JSON.stringify(await outputOf(0))).to.contain('or <b>both</b>')

    await send('Run a command, if I allow it')
    const permission = run(1).getByRole('form', { name: 'The agent asks for permission: bash' })
    await permission.getByText('now.txt').first().waitFor()
    // Another page of the same chat finds it, too, and its answer counts.
    await page.reload()
    await permission.getByRole('button', { name: 'Allow once' }).press('Enter')
    await state('done', 1)
    // What the shell wrote is a file of the run's, too.
    await run(1).getByRole('link', { name: 'Download now.txt' }).waitFor()
    await page.getByRole('status').getByText('Done').waitFor()
    const { sessionId } = await outputOf(1)
    expect(sessionId, 'the session goes on').to.be.a('string')
    expect(sessionId).to.equal((await outputOf(0)).sessionId)
  })

  it('finds the answer again when the page is loaded anew, and stops the agent', async () => {
    await send('Do something long')
    await run().getByText('Step 2 is done.').waitFor()
    await page.reload()
    await run().getByText('Step 4 is done.').waitFor()
    expect(await run().count()).to.equal(1)
    await page.getByRole('button', { name: 'Stop' }).press('Enter')
    await state('stopped')
    await run().getByText('It has stopped.').waitFor()
    await page.getByRole('status').getByText('Done').waitFor()
    expect(await run().innerText()).not.to.contain('Step 100')
    const { status, stop } = await outputOf(0)
    expect({ status, stop }).to.deep.equal({
      status: 'cancelled',
      stop: { aborted: true, rejectedAsks: 0, asksClosed: true, idle: true },
    })
    await page.reload()
    await state('stopped')
  })

  it('shows all that an output can say', async () => {
    const output = {
      version: 1,
      status: 'error',
      sessionId: 'ses_1',
      messages: [],
      omittedParts: 3,
      filesEdited: ['a.ts'],
      fileChanges: [{ path: '/b.ts', event: 'add' }],
      diffs: [{ path: 'c.ts', status: 'added', additions: 2, deletions: 1, patch: '+ <script>' }],
      diagnostics: [{ path: '/d.ts', server: 'typescript' }],
      processes: [{ id: '1', command: 'vim', args: ['-R'], status: 'exited', exitCode: 3 }],
      todos: [],
      asks: [],
      model: 'a/b',
      cost: 0.5,
      tokens: { input: 1, output: 1, reasoning: 0, cacheRead: 0, cacheWrite: 0 },
      summary: null,
      error: { code: 'provider_failed', message: 'The provider failed.', retryable: true },
      stop: null,
      outputFile: { path: 'e.md', isVerified: false, reason: 'missing', artifact: null },
    } as const satisfies OpenCodeRunOutput
    const part = {
      type: 'tool-code',
      toolCallId: '1',
      state: 'output-available',
      input: {},
      output,
    }
    const messages = [{ id: 'm', role: 'assistant', parts: [part] }]
    await page.route(/\/api\/chats\/[^/]+$/, (route) => route.fulfill({ json: messages }))
    await page.reload()
    await state('failed')
    for (const summary of await run().locator('summary').all()) {
      if ((await summary.locator('..').getAttribute('open')) === null) await summary.press('Enter')
    }
    const words = await run().innerText()
    for (const shown of [
      'a/b',
      '0.5000 $',
      'The provider failed.',
      'a.ts was edited',
      '/b.ts on disk: add',
      'c.ts (+2 −1)',
      '+ <script>',
      'typescript has remarks on /d.ts',
      'vim -R exited with 3',
      'e.md is not there.',
    ]) {
      expect(words).to.contain(shown)
    }
  })

  it('takes nothing from another site, and no message that is none', async () => {
    const chat = new URL(page.url()).pathname
    const post = (path: string, body: object, headers = {}): Promise<Response> =>
      fetch(`${app.url}/api${chat}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      })
    const message = { id: 'm1', parts: [{ type: 'text', text: 'Ask me' }] }
    const foreign = { 'sec-fetch-site': 'cross-site' }
    expect((await post('', { message }, foreign)).status).to.equal(403)
    expect((await post('', { message: { ...message, parts: [] } })).status).to.equal(422)
    expect((await post('/answer', { askId: '1' })).status).to.equal(422)
    expect((await fetch(`${app.url}/chats/..%2f..`)).status).to.equal(404)
    expect(await (await fetch(`${app.url}/api${chat}`)).json()).to.deep.equal([])
  })

  async function outputOf(number: number): Promise<OpenCodeRunOutput> {
    const response = await fetch(`${app.url}/api${new URL(page.url()).pathname}`)
    const messages = (await response.json()) as { parts: { output?: OpenCodeRunOutput }[] }[]
    const outputs = messages.flatMap(({ parts }) => parts.flatMap(({ output }) => output ?? []))
    const output = outputs[number]
    if (output === undefined) throw new Error(`the chat has no output ${number}`)
    return output
  }
})
