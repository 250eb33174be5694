import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { after, afterEach, before, beforeEach, describe, it } from 'mocha'
import type { Browser, Page } from 'playwright-core'
import { collectProblems, findLiveTools, launchBrowser } from '@turnstead-examples/start/browser'
import {
  isRunning,
  runChatProcess,
  startChatProcess,
  type ChatProcess,
} from './support/chat-process.js'

const { binary, browser: browserPath, missing } = findLiveTools('examples/chat')

describe('the chat in a browser, on the real server', function () {
  this.timeout(150_000)
  if (binary === null || browserPath === null) {
    it.skip(`drives the application (skipped: ${missing})`)
    return
  }

  let browser: Browser
  let dataDir: string
  let chat: ChatProcess
  let page: Page
  let problems: readonly string[]

  // One application for all: each test has a conversation, and so a workspace, of its own.
  before(async () => {
    browser = await launchBrowser(browserPath)
    dataDir = await mkdtemp(join(tmpdir(), 'turnstead-chat-'))
    chat = await startChatProcess({ dataDir })
  })
  after(async () => {
    await browser.close()
    await chat.end('SIGTERM')
    await rm(dataDir, { recursive: true, force: true })
  })

  beforeEach(async () => {
    page = await browser.newPage()
    // A stream that is cut off is an error to the browser, and here the point of the test.
    problems = collectProblems(page, /ERR_|Failed to load resource/)
    await page.goto(chat.url)
  })

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') console.error(chat.output())
    await page.close()
    expect(problems, 'errors in the page').to.deep.equal([])
  })

  const send = async (prompt: string): Promise<void> => {
    await page.getByLabel('Your message').fill(prompt)
    await page.keyboard.press('Enter')
  }
  const turn = (number: number): ReturnType<Page['locator']> => page.locator('.turn').nth(number)
  const facts = (number: number): ReturnType<Page['locator']> =>
    turn(number).locator('.facts li').first()

  it('shows text before the turn ends, then its cost and its file with the right bytes', async () => {
    await page.getByRole('button', { name: 'Write a packing list into a file' }).click()
    await turn(0).getByText('I’ll put the list').waitFor()
    expect(await turn(0).locator('.live').count(), 'still at work').to.equal(1)
    expect(await page.getByLabel('Stop').count()).to.equal(1)

    await facts(0).waitFor()
    expect(await turn(0).locator('.facts').innerText()).to.match(/tokens in.*\$0\.\d+/s)
    expect(await turn(0).locator('table td').first().innerText()).to.equal('Papers')
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      turn(0).locator('.files a').getByText('packing-list.md').click(),
    ])
    expect(download.suggestedFilename()).to.equal('packing-list.md')
    const paths = await readdir(join(dataDir, 'workspace'), { recursive: true })
    const [path = ''] = paths.filter((each) => each.endsWith('packing-list.md'))
    const written = await readFile(join(dataDir, 'workspace', path))
    expect(readFileSync(await download.path()).equals(written)).to.equal(true)
    expect(written.toString()).to.match(/^# Packing list\n/)
  })

  it('resumes in the middle of a turn after a reload, and keeps the text of a turn that is stopped', async () => {
    await send('Tell me a long story')
    await turn(0).getByText('The house stood').first().waitFor()
    await page.reload()
    await turn(0).getByText('The house stood').first().waitFor()
    const seen = (await turn(0).locator('.text').innerText()).length
    await turn(0).getByText('The postman said').first().waitFor()

    await page.getByLabel('Stop').click()
    await turn(0).getByText('You stopped this').waitFor()
    expect((await turn(0).locator('.text').innerText()).length).to.be.greaterThan(seen)
    await page.getByLabel('Send').waitFor()
    await page.reload()
    expect(await turn(0).locator('.text').innerText()).to.contain('The house stood')
  })

  it('shows a plan, a diff, the steps of a sub-agent, and the title that OpenCode gives', async () => {
    await page.getByRole('button', { name: 'Fix a small program' }).click()
    const call = (name: string): ReturnType<Page['locator']> =>
      turn(0).locator('.parts > * > .tool', { hasText: name })
    await call('Task').locator('summary').first().click()
    await call('Task').locator('.steps').getByText('The average of').waitFor()
    expect(await call('Task').locator('.steps .tool').first().innerText()).to.contain('Read')
    await facts(0).waitFor()
    expect(await call('Task').locator('.steps').isVisible(), 'it stays open').to.equal(true)
    await call('Edit').locator('summary').first().click()
    expect(await call('Edit').locator('.line.added').innerText()).to.contain('=== 0')
    expect(await call('Edit').locator('.line.removed').count()).to.equal(1)
    expect(await call('Todos').last().innerText()).to.contain('3 of 3 done')
    await page.getByRole('heading', { name: 'A small program', exact: true }).waitFor()
    await page.locator('#conversations', { hasText: 'A small program' }).waitFor()
  })

  it('asks in the place of an earlier message, which is folded', async () => {
    await send('Hello')
    await facts(0).waitFor()
    await turn(0).getByLabel('Edit and ask again').click()
    await send('Good evening')
    await facts(1).waitFor()
    expect(await turn(0).innerText()).to.match(/^Earlier version\s+Hello$/)
    expect(await turn(1).locator('.text').innerText()).to.contain('Good evening')
    await send('And once more')
    await facts(2).waitFor()
    expect(chat.output()).to.not.contain('Error')
  })

  it('asks a person, who answers by keyboard', async () => {
    await send('Run a command, if I allow it')
    const request = turn(0).getByRole('form', { name: 'The agent wants to run a command' })
    await request.getByText('date').first().waitFor()
    await turn(0).getByRole('status').getByText('Waiting for your answer').waitFor()
    await page.reload()
    await request.getByRole('button', { name: 'Allow once' }).press('Enter')
    await facts(0).waitFor()
    expect(await turn(0).locator('.tool .state').innerText()).to.contain('Done')
    expect(await request.count()).to.equal(0)
    expect(await page.getByLabel('Your message').evaluate((box) => box.matches(':focus'))).to.equal(
      true,
    )

    await send('Ask me something first')
    await turn(1).getByRole('radio', { name: 'On a phone' }).press('Space')
    await turn(1).getByLabel('In your own words').fill('or <b>both</b>')
    await page.keyboard.press('Enter')
    await facts(1).waitFor()
    const chosen = await turn(1).locator('.answered [data-chosen="true"]').allTextContents()
    expect(chosen.join()).to.match(/On a phone[^]*or <b>both<\/b>/)
  })

  it('says so when the server dies, keeps what was seen, and goes on when it is back', async () => {
    await send('Write a packing list into a file')
    await turn(0).getByText('Done:').waitFor()
    const pid = chat.serverPid()
    if (pid === null) throw new Error('the server has no process')
    process.kill(pid, 'SIGKILL')

    await turn(0).locator('.live[data-tone="warn"]').waitFor()
    expect(await turn(0).locator('.text').last().innerText()).to.contain('Done:')
    await facts(0).waitFor({ timeout: 100_000 })
    expect(await turn(0).getByText('Interrupted here').count(), 'the lost text is marked').to.equal(
      1,
    )
    expect(chat.serverPid()).to.be.a('number').and.not.equal(pid)

    await send('Hello')
    await facts(1).waitFor()
    expect(await turn(1).innerText()).to.contain('scripted model')
  })

  it('settles the turn that a killed application left, when it is started again', async () => {
    await send('Write a packing list into a file')
    await turn(0).getByText('I’ll put the list').waitFor()
    const port = new URL(chat.url).port
    await chat.end('SIGKILL')
    await page.getByText('Connection lost').waitFor()

    chat = await startChatProcess({ dataDir, env: { PORT: port } })
    await facts(0).waitFor({ timeout: 100_000 })
    expect(await page.locator('.turn').count()).to.equal(1)
    expect(await turn(0).locator('.text').last().innerText()).to.contain('Done:')
    expect(await page.getByText('Connection lost').isVisible()).to.equal(false)
  })
})

describe('npm start', function () {
  this.timeout(60_000)

  it('prints one line, and on Ctrl-C in the middle of a turn ends everything that it started', async function () {
    if (binary === null) {
      console.warn('SKIPPED: npm start of examples/chat (no opencode executable for this platform)')
      return this.skip()
    }
    const dataDir = await mkdtemp(join(tmpdir(), 'turnstead-chat-'))
    const chat = await startChatProcess({ dataDir })
    const serverPid = chat.serverPid()
    expect(serverPid).to.be.a('number')
    await fetch(`${chat.url}/conversations`, {
      method: 'POST',
      body: new URLSearchParams({ prompt: 'Tell me a long story' }),
    }).catch((error: unknown) => {
      throw new Error(`the application printed: ${chat.output()}`, { cause: error })
    })
    expect(await chat.end('SIGINT')).to.equal(0)
    expect(chat.output().trimEnd().split('\n')).to.have.lengthOf(1)
    expect(isRunning(serverPid ?? 0), 'the server is gone').to.equal(false)
    await rm(dataDir, { recursive: true, force: true })
  })

  it('says in one sentence that the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? String(address.port) : ''
    const { code, output } = await runChatProcess({ PORT: port })
    other.close()
    expect(code).to.equal(1)
    expect(output.trim()).to.equal(
      `Port ${port} is taken: stop what listens there, or choose another with PORT.`,
    )
  })

  for (const [name, url, why] of [
    [
      'does not answer',
      'postgres://user:secret@127.0.0.1:1/chat',
      /cannot be used: .*ECONNREFUSED/,
    ],
    ['is of another kind', 'mysql://user:secret@127.0.0.1/chat', /must be postgres/],
    ['has no place', '/dev/null/chat.sqlite', /cannot be used: EEXIST/],
  ] as const) {
    it(`says in one sentence that the database ${name}`, async () => {
      const { code, output } = await runChatProcess({ PORT: '0', DATABASE_URL: url })
      expect(code).to.equal(1)
      expect(output.trim().split('\n'), output).to.have.lengthOf(1)
      expect(output).to.match(why).and.not.contain('secret')
    })
  }

  it('says in one sentence that a folder cannot be made', async () => {
    for (const name of ['CHAT_FILES', 'CHAT_WORKSPACE']) {
      const { code, output } = await runChatProcess({ PORT: '0', [name]: '/dev/null/below' })
      expect(code, name).to.equal(1)
      expect(output.trim().split('\n'), output).to.have.lengthOf(1)
      expect(output).to.contain('/dev/null').and.contain(name)
    }
  })

  it('says in one sentence that there is no server', async () => {
    const { code, output } = await runChatProcess({
      PORT: '0',
      OPENCODE_BINARY: '/nowhere/opencode',
    })
    expect(code).to.equal(1)
    expect(output.trim().split('\n'), output).to.have.lengthOf(1)
    expect(output).to.contain('/nowhere/opencode')
  })
})
