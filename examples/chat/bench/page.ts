import { gate, reply, text } from '@turnstead/testkit'
import { findLiveTools, launchBrowser } from '@turnstead-examples/start/browser'
import type { Browser, Page } from 'playwright-core'
import { startApp, type TestApp } from '../test/support/app.js'
import { begin, send } from '../test/support/page.js'
import type { Bench, Figure } from './bench.js'
import { longReply } from './long-reply.js'

const runs = 9

/** From the worker's first text to the reader's first pixel of it. Begins when the model's server lets it go, so what lies between is in it. */
async function firstText(app: TestApp, page: Page): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < runs; run += 1) {
    const number = await page.locator('.turn').count()
    const letsGo = app.impostor.gate(`Go ${run}`)
    await send(page, `Go ${run}`)
    await page.locator('.turn').nth(number).locator('.live').waitFor()
    await letsGo.reached()
    const shown = page.evaluate(
      (at) =>
        new Promise<number>((resolve) => {
          new MutationObserver((_changes, observer) => {
            if (!document.querySelectorAll('.turn')[at]?.querySelector('.text')) return
            observer.disconnect()
            // The frame after this one shows it.
            requestAnimationFrame(() => requestAnimationFrame(() => resolve(Date.now())))
          }).observe(document.body, { childList: true, subtree: true })
        }),
      number,
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    const begun = Date.now()
    letsGo.open()
    times.push((await shown) - begun)
    await page.locator('.turn').nth(number).locator('.facts').waitFor()
  }
  return times.toSorted((one, other) => one - other)[Math.floor(runs / 2)] ?? Number.NaN
}

/** A browser tells of tasks from here on: 50 says that there was none. */
const leastToldMs = 50
const plantedMs = 150

/** The longest task of the page's main thread while it did that, in milliseconds. */
export async function longestTask(page: Page, work: () => Promise<void>): Promise<number> {
  await page.addInitScript(() => {
    const tasks: number[] = []
    Object.assign(globalThis, { longTasks: tasks })
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration)
    }).observe({ type: 'longtask', buffered: true })
  })
  await work()
  const seen = (): Promise<number[]> =>
    page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks)
  const tasks = await seen()
  // That nothing was seen proves something only if it would have been.
  await page.evaluate((ms) => {
    setTimeout(() => {
      const until = performance.now() + ms
      while (performance.now() < until);
    })
  }, plantedMs)
  await page.waitForTimeout(2 * plantedMs)
  const planted = (await seen()).slice(tasks.length)
  if (!planted.some((ms) => ms >= plantedMs)) throw new Error('the browser tells of no long tasks')
  return Math.max(leastToldMs, ...tasks)
}

export async function withPage<Value>(
  scenario: Parameters<typeof startApp>[0],
  work: (app: TestApp, page: Page, browser: Browser) => Promise<Value>,
): Promise<Value> {
  const { browser: path, missing } = findLiveTools('examples/chat')
  if (path === null) throw new Error(missing)
  const browser = await launchBrowser(path)
  const app = await startApp(scenario)
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    return await work(app, page, browser)
  } finally {
    await browser.close()
    await app.close()
  }
}

/** How soon the reader sees what the worker has. */
export const pageFirstText: Bench = {
  name: 'chat.page.first_text_ms_over_turn',
  async run(): Promise<readonly Figure[]> {
    const value = await withPage(
      ({ text: prompt }) => reply(gate(prompt), text('Here it is.')),
      async (app, page) => {
        await page.goto(app.url)
        return await firstText(app, page)
      },
    )
    return [{ name: 'chat.page.first_text_ms_over_turn', value, unit: 'ms', better: 'lower' }]
  },
}

/** Whether a very long reply leaves the page usable, while it is written and when it is looked at again. */
export const pageLongReply: Bench = {
  name: 'chat.page.longest_task_ms_1mb',
  async run(): Promise<readonly Figure[]> {
    const whole = longReply(1_000_000)
    const once = (): Promise<number> =>
      withPage(
        () => reply(text(whole, { chunks: 2_500, paceMs: 4 })),
        async (app, page) => {
          const streaming = await longestTask(page, async () => {
            await begin(page, app, 'Go')
            // What the first page cost is no part of it.
            await page.evaluate('longTasks.length = 0')
            await page.locator('.facts').waitFor({ timeout: 120_000 })
          })
          const reloaded = await longestTask(page, async () => {
            await page.reload()
            await page.locator('.facts').waitFor({ timeout: 60_000 })
            await page.mouse.wheel(0, -50_000)
            await page.waitForTimeout(500)
          })
          process.stderr.write(`# streaming ${streaming}, after reload ${reloaded}\n`)
          return Math.round(Math.max(streaming, reloaded))
        },
      )
    // A browser counts the time that other processes take as well: the least of several says what the page does.
    let value = Infinity
    for (let run = 0; run < 3; run += 1) value = Math.min(value, await once())
    return [{ name: 'chat.page.longest_task_ms_1mb', value, unit: 'ms', better: 'lower' }]
  },
}
