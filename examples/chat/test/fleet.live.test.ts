import { ask, gate, on, reply, text, tool } from '@turnstead/testkit'
import { findLiveTools, launchBrowser } from '@turnstead-examples/start/browser'
import { machineFactor } from '@turnstead/testkit/opencode'
import { expect } from 'chai'
import { after, afterEach, before, describe, it } from 'mocha'
import type { Browser, Page } from 'playwright-core'
import { readStream } from './support/app.js'
import {
  fleetProblem,
  leaseMs,
  startAlone,
  startFleet,
  type Fleet,
  type Member,
} from './support/fleet.js'
import {
  lengthNow,
  longestPretence,
  longestWrong,
  pageTime,
  type Sight,
  sightsOf,
  untilLonger,
  watchTurn,
} from './support/watch-turn.js'

const { browser: browserPath } = findLiveTools('examples/chat')
const missing = fleetProblem ?? (browserPath === null ? 'no Chromium' : null)
if (missing !== null) console.warn(`SKIPPED: the fleet of examples/chat (${missing})`)

/** Processes start slower on a machine that is busy, and all of them are to be replaced before the end. */
const paceMs = Math.round(12 * (1 + machineFactor()))
/**
 * Words that are told apart. A chapter is a text of its own: the server keeps a text only when it ends. Each is a step, and a turn may have no
 * more than 200.
 */
const chapters = Array.from({ length: 100 }, (_, chapter) =>
  Array.from({ length: 30 }, (_word, index) => `word${chapter * 30 + index}`).join(' '),
)
const story = chapters.flatMap((chapter, index) => [
  text(chapter, { paceMs }),
  tool.write({ filePath: `chapters/${index}.txt`, content: chapter }),
])
const told = chapters.join(' ')

describe('the chat of two web processes and two workers', function () {
  const factor = machineFactor()
  this.timeout(240_000 * factor)
  if (missing !== null || browserPath === null) {
    it.skip(`survives its processes (skipped: ${missing})`)
    return
  }

  let browser: Browser
  let fleet: Fleet
  let page: Page

  before(async () => {
    browser = await launchBrowser(browserPath)
    const write = ask.permission(tool.write({ filePath: 'a.txt', content: 'a' }))
    fleet = await startFleet([
      on('SIGKILL', reply(...story, gate('SIGKILL'), text('The end.'))),
      on('SIGTERM', reply(...story, gate('SIGTERM'), text('The end.'))),
      on('saga', reply(...story)),
      on('endless', reply(text('As far as this. '), gate('never'))),
      on('write', reply(write, text('Written.'))),
    ])
  })
  after(async () => {
    await fleet.close()
    await browser.close()
  })
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') {
      for (const each of [...fleet.webs, ...fleet.workers]) console.error(each.role, each.output())
      console.error(await fleet.state(), await page.content())
    }
    await page.close()
  })

  const open = async (): Promise<void> => {
    page = await browser.newPage()
    await page.goto(fleet.url)
    fleet.dawdle()
  }
  const send = async (prompt: string): Promise<void> => {
    await page.getByLabel('Your message').fill(prompt)
    await page.keyboard.press('Enter')
    await page.locator('.turn').first().waitFor()
  }
  /** How long the page stood still after this, in milliseconds. */
  const stillAfter = async (act: () => Promise<void>): Promise<number> => {
    const from = await pageTime(page)
    await act()
    await untilLonger(page, (await lengthNow(page)) + 40)
    const sights = (await sightsOf(page)).filter(({ at }) => at >= from)
    let [longest, since, shown] = [0, from, sights[0]?.text.length ?? 0]
    for (const { at, text: seen } of sights) {
      if (seen.length > shown)
        [longest, since, shown] = [Math.max(longest, at - since), at, seen.length]
    }
    return longest
  }
  /** Nothing but what was said so far, and no word of a failure. */
  const isRight = ({ text: seen, standing }: Sight): boolean =>
    `${told} The end.`.startsWith(seen) &&
    !/went wrong|send the message again|stopped this/i.test(standing)

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    it(`shows a turn on, and nothing wrong, while each of its processes is killed and replaced (${signal})`, async () => {
      await open()
      await send(signal)
      await watchTurn(page, 0)
      await untilLonger(page, 100)
      const stills: Record<string, number> = {}
      const pretences: Record<string, number> = {}
      const replace = async (name: string, choose: () => Promise<Member>): Promise<void> => {
        const member = await choose()
        if (member.role === 'web') fleet.prefer(member)
        const from = await pageTime(page)
        stills[name] = await stillAfter(async () => {
          expect(await member.end(signal), `${name} ends in order`).to.equal(
            signal === 'SIGTERM' ? 0 : null,
          )
        })
        const since = (await sightsOf(page)).filter(({ at }) => at >= from)
        pretences[name] = longestPretence(since).ms
        await member.start()
        fleet.prefer(fleet.webs[0])
      }
      const serving = async (index: 0 | 1): Promise<Member> => {
        // The page's stream is at this one.
        while (Number((await fleet.webs[index].health())['streams']) === 0)
          await untilLonger(page, await lengthNow(page))
        return fleet.webs[index]
      }
      await replace('web 1', () => serving(0))
      await replace('web 2', () => serving(1))
      const busy = await fleet.busyWorker()
      await replace('worker', async () => busy)
      await replace('the other worker', () => fleet.busyWorker())
      const length = await lengthNow(page)
      expect(length, 'all of it happened in mid-turn').to.be.below(told.length)
      fleet.hurry()
      fleet.impostor.gate(signal).open()
      await page
        .locator('.facts li')
        .first()
        .waitFor({ timeout: 120_000 * factor })
      // What was seen last may be older than the end.
      const shown = await page.locator('.turn .text').allTextContents()
      const words = shown
        .join(' ')
        .split(/\s+/)
        .filter((word) => word !== '')
      const right = `${told} The end.`.split(' ')
      const wrongAt = right.findIndex((word, index) => words[index] !== word)
      expect(
        words.slice(Math.max(0, wrongAt - 2), wrongAt + 8),
        'from the first wrong word',
      ).to.deep.equal(right.slice(Math.max(0, wrongAt - 2), wrongAt + 8))
      expect(words).to.have.lengthOf(right.length)

      const wrong = longestWrong(await sightsOf(page), isRight)
      console.log(
        `      still, in ms: ${JSON.stringify(stills)}; wrong for ${Math.round(wrong.ms)} ms; ` +
          `still and silent about it: ${JSON.stringify(pretences)}`,
      )
      for (const [name, ms] of Object.entries(pretences)) {
        expect(ms, `${name} stood still as if nothing had happened`).to.be.below(2_000 * factor)
      }
      expect(wrong.ms, JSON.stringify(wrong.example)).to.be.below(2_000)
      for (const [name, ms] of Object.entries(stills)) {
        const limit = name.startsWith('web') ? 2_000 : leaseMs * 5
        expect(ms, name).to.be.below(limit * factor)
      }
    })
  }

  it('says within two seconds that a process hangs, and goes on when it is not the only one', async () => {
    await open()
    fleet.prefer(fleet.webs[0])
    await send('saga')
    await watchTurn(page, 0)
    await untilLonger(page, 100)
    const stopsAfter = async (name: string, member: Member, then: () => void): Promise<void> => {
      const from = await pageTime(page)
      const thaw = member.freeze()
      const isSaid = ({ at, isLost, standing }: Sight): boolean =>
        at > from && (isLost || standing.includes('silent'))
      while (!(await sightsOf(page)).some(isSaid)) await page.waitForTimeout(100)
      then()
      await untilLonger(page, (await lengthNow(page)) + 40)
      thaw()
      const since = (await sightsOf(page)).filter(({ at }) => at >= from)
      const { ms, example } = longestPretence(since)
      console.log(`      ${name}: still and silent about it for ${Math.round(ms)} ms`)
      expect(ms, JSON.stringify(example)).to.be.below(2_000 * factor)
    }
    await stopsAfter('web', fleet.webs[0], () => fleet.prefer(fleet.webs[1]))
    await stopsAfter('worker', await fleet.busyWorker(), () => undefined)
    await page.getByLabel('Stop').click()
    await page.getByText('You stopped this').waitFor()
  })

  it('stops a turn by the other web process', async () => {
    await open()
    fleet.prefer(fleet.webs[0])
    await send('endless')
    await page.getByText('As far as this.').waitFor()
    fleet.prefer(fleet.webs[1])
    await page.getByLabel('Stop').click()
    await page.getByText('You stopped this').waitFor()
    expect(await page.locator('.turn .text').innerText()).to.contain('As far as this.')
  })

  it('takes an answer in the other web process', async () => {
    await open()
    fleet.prefer(fleet.webs[0])
    await send('write')
    const form = page.getByRole('form', { name: 'The agent wants to change a file' })
    await form.waitFor()
    fleet.prefer(fleet.webs[1])
    await form.getByRole('button', { name: 'Allow once' }).click()
    await page.getByText('Written.').waitFor()
    expect(await form.count()).to.equal(0)
  })
})

describe('the chat of one process on PostgreSQL', function () {
  this.timeout(60_000)
  if (fleetProblem !== null) {
    it.skip(`runs its own jobs (skipped: ${fleetProblem})`)
    return
  }

  it('runs its own jobs', async () => {
    const chat = await startAlone([on('Hello', reply(text('Here I am.')))])
    try {
      const body = new URLSearchParams({ prompt: 'Hello' })
      await fetch(`${chat.url}/conversations`, { method: 'POST', body, redirect: 'manual' })
      const stream = await readStream(`${chat.url}/stream?c=1.1.`)
      await stream.until('Here I am.')
      expect(await stream.rest()).to.match(/idle$/)
    } finally {
      await chat.close()
    }
  })
})

describe('the chat of several processes, before there is an OpenCode', function () {
  this.timeout(120_000)
  if (fleetProblem !== null) {
    it.skip(`says that it starts (skipped: ${fleetProblem})`)
    return
  }

  it('shows pages that say so, keeps what is sent, and answers it then', async () => {
    const fleet = await startFleet([on('Hello', reply(text('At last.')))], { isAgentLate: true })
    try {
      const [web] = fleet.webs
      const body = new URLSearchParams({ prompt: 'Hello' })
      await fetch(`${web.url}/conversations`, { method: 'POST', body, redirect: 'manual' })
      const stream = await readStream(`${web.url}/stream?c=1.1.`)
      await stream.until('Starting OpenCode. Your message is kept')
      expect(await web.health()).to.include({ agent: 'starting' })
      await fleet.impostor.restart()
      await stream.until('At last.')
      stream.close()
      expect(await web.health()).to.include({ agent: 'up' })
    } finally {
      await fleet.close()
    }
  })
})

const redisUrl = process.env['TEST_REDIS_URL'] ?? ''
if (redisUrl === '')
  console.warn('SKIPPED: the fleet of examples/chat on Redis (no TEST_REDIS_URL)')

describe('the chat of several processes, with Redis for live changes', function () {
  this.timeout(120_000)
  if (missing !== null || redisUrl === '') {
    it.skip(`shows and answers in any process (skipped: ${missing ?? 'no TEST_REDIS_URL'})`)
    return
  }

  it('shows a turn in both web processes as it is written, and takes an answer in either', async () => {
    const write = ask.permission(tool.write({ filePath: 'a.txt', content: 'a' }))
    const fleet = await startFleet(
      [on('write', reply(text('I write. '), gate('go'), write, text('Written.')))],
      { env: { REDIS_URL: redisUrl } },
    )
    try {
      const [one, other] = fleet.webs
      const body = new URLSearchParams({ prompt: 'write' })
      await fetch(`${one.url}/conversations`, { method: 'POST', body, redirect: 'manual' })
      const streams = await Promise.all(
        [one, other].map(({ url }) => readStream(`${url}/stream?c=1.1.`)),
      )
      for (const stream of streams) await stream.until('I write.')
      fleet.impostor.gate('go').open()
      const [asked = ''] = await Promise.all(streams.map((stream) => stream.until('class="ask"')))
      const path = /action="(\/messages\/1\/asks\/[^"]+)"/.exec(asked)?.[1] ?? ''
      const yes = new URLSearchParams({ decision: 'yes' })
      await fetch(other.url + path, { method: 'POST', body: yes, redirect: 'manual' })
      for (const stream of streams) await stream.until('Written.')
      for (const stream of streams) stream.close()
    } finally {
      await fleet.close()
    }
  })
})
