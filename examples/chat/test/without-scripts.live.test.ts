import { ask, gate, on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { after, before, it } from 'mocha'
import type { Page } from 'playwright-core'
import { startApp, type TestApp } from './support/app.js'
import { describeInBrowser } from './support/page.js'

describeInBrowser('the chat without scripts', (browser) => {
  let app: TestApp
  let page: Page

  before(async () => {
    const write = ask.permission(tool.write({ filePath: 'a.txt', content: 'a' }))
    app = await startApp([
      on('slow', reply(text('At work. '), gate('slow'), text('Done.'))),
      on('second', reply(write, text('Written.'))),
    ])
    page = await browser().newPage({ javaScriptEnabled: false })
  })
  after(async () => {
    await app.close()
  })

  const send = async (prompt: string): Promise<void> => {
    await page.getByLabel('Your message').fill(prompt)
    await page.getByLabel('Send', { exact: true }).click()
  }

  it('shows an answer by asking again while it runs, and no longer', async () => {
    await page.goto(app.url)
    await send('slow')
    await page.getByText('At work.').waitFor()
    expect(await page.content()).to.contain('http-equiv="refresh"')
    app.impostor.gate('slow').open()
    await page.getByText('Done.').waitFor()
    await page.locator('.facts').waitFor()
    expect(await page.content()).to.not.contain('http-equiv="refresh"')
    expect(await page.locator('.copy').first().isVisible()).to.equal(false)
  })

  it('answers what the agent asks, edits, finds, renames and deletes', async () => {
    await send('second')
    await page.getByRole('button', { name: 'Allow once' }).click()
    await page.getByText('Written.').waitFor()
    await page.locator('.turn').last().locator('.facts').waitFor()
    await page.locator('.turn').last().getByLabel('Edit and ask again').click()
    expect(await page.getByLabel('Your message').inputValue()).to.equal('second')

    await page.getByLabel('Rename or delete').click()
    await page.getByRole('textbox', { name: 'Title' }).fill('By hand')
    await page.getByRole('button', { name: 'Rename' }).click()
    await page.getByRole('heading', { name: 'By hand' }).waitFor()

    await page.getByLabel('Search conversations').fill('hand')
    await page.getByLabel('Search conversations').press('Enter')
    await page.getByText('1 found for “hand”').waitFor()
    await page.getByRole('link', { name: 'By hand' }).click()

    await page.getByLabel('Rename or delete').click()
    await page.getByText('Delete…').click()
    await page.getByRole('button', { name: 'Delete for good' }).click()
    await page.getByText('What shall we work on?').waitFor()
    expect(await page.locator('#conversations li').count()).to.equal(0)
  })
})
