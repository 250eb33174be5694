import { gate, on, reply, text, tool } from '@turnstead/testkit'
import type { Page } from 'playwright-core'
import type { TestApp } from '../test/support/app.js'
import { begin } from '../test/support/page.js'
import type { Bench, Figure } from './bench.js'
import { longReply } from './long-reply.js'
import { longestTask, withPage } from './page.js'

const turns = 500
const name = 'chat.page.longest_task_ms_500_turns'
/** What a model answers to most questions: some paragraphs, a list, code; and what it did before. */
const answer = longReply(2_500)
const calls = [
  tool.write({ filePath: 'a.ts', content: 'export const a = 1\n'.repeat(20) }),
  tool.bash({ command: 'npm test' }, { output: 'passing\n'.repeat(30) }),
]

const scenario = [
  on(/^Now/, reply(gate('now'), text(longReply(20_000), { chunks: 200, paceMs: 4 }))),
  on(/^First/, reply(...calls, text(answer))),
]

/** A conversation as it is after months: each turn with its own answer, as the application stores them. */
async function fill(app: TestApp, page: Page): Promise<void> {
  await begin(page, app, 'First question')
  await page.locator('.facts').waitFor()
  while ((await app.rows.store.read(1))?.closedAt == null) await page.waitForTimeout(20)
  const { id: _id, ...row } = await app.database('messages').first()
  for (let from = 1; from < turns; from += 50) {
    const length = Math.min(50, turns - from)
    await app.database('messages').insert(
      Array.from({ length }, (_, at) => ({
        ...row,
        send_key: null,
        body: `Question ${from + at}`,
      })),
    )
  }
  await page.goto('about:blank')
}

/** Back through all of it, as fast as a wheel turns. */
async function scrollToBegin(page: Page): Promise<void> {
  await page.mouse.move(600, 400)
  for (let count = 0; count < 2_000; count += 1) {
    await page.mouse.wheel(0, -3_000)
    await page.waitForTimeout(16)
    if ((await page.locator('.turn').count()) < turns) continue
    if (await page.evaluate(() => window.scrollY === 0)) return
  }
  throw new Error('the first turn was not reached')
}

/** Whether a conversation that is very long is opened, read back and gone on with smoothly. */
export const pageManyTurns: Bench = {
  name,
  async run(): Promise<readonly Figure[]> {
    const once = (): Promise<number> =>
      withPage(scenario, async (app, page) => {
        await fill(app, page)
        const opening = await longestTask(page, async () => {
          await page.goto(`${app.url}/conversations/1`)
          await page.locator('.turn').nth(19).waitFor()
          await page.waitForTimeout(500)
        })
        await page.evaluate('longTasks.length = 0')
        const scrolling = await longestTask(page, () => scrollToBegin(page))
        await page.evaluate('longTasks.length = 0')
        const writing = await longestTask(page, async () => {
          await page.locator('#to-newest').click()
          await page.locator('#prompt').fill('Now')
          await page.keyboard.press('Enter')
          const last = page.locator('.turn').nth(turns)
          await last.waitFor()
          app.impostor.gate('now').open()
          await last.locator('.facts').waitFor({ timeout: 60_000 })
        })
        process.stderr.write(`# opening ${opening}, scrolling ${scrolling}, writing ${writing}\n`)
        return Math.round(Math.max(opening, scrolling, writing))
      })
    // As for the reply of a megabyte: the least of several says what the page does.
    let value = Infinity
    for (let run = 0; run < 3; run += 1) value = Math.min(value, await once())
    return [{ name, value, unit: 'ms', better: 'lower' }]
  },
}
