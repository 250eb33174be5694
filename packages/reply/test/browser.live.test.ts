import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { chromium } from 'playwright-core'
import { bundleText } from '../bench/size.js'
import { beginTurn } from './support/turn.js'

const candidates = [
  process.env['TEST_CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]
const executablePath = candidates.find((path) => path !== '' && existsSync(path))

describe('the package in a browser', () => {
  if (executablePath === undefined) {
    const reason = 'no chromium; set TEST_CHROMIUM to its path'
    console.warn(`packages/reply: the browser test is skipped: ${reason}`)
    it.skip(`folds a reply in chromium (skipped: ${reason})`)
    return
  }

  it('folds a reply in chromium', async () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.write(message).grow('Hello ', 'browser')
    turn.complete(message)
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
    try {
      const page = await browser.newPage()
      const text = await page.evaluate(
        async ([code, events, options]) => {
          const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
          const { createReply } = await import(url)
          const reply = createReply(options)
          for (const event of events) reply.apply(event)
          return reply.result().text
        },
        [
          await bundleText('index'),
          turn.server.events,
          { sessionId: turn.sessionId, promptId: turn.promptId },
        ] as const,
      )
      expect(text).to.equal('Hello browser')
    } finally {
      await browser.close()
    }
  })
})
