import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { reply, text, tool } from '@turnstead/testkit'
import type { LanguageModel, UIMessage } from 'ai'
import { MockLanguageModelV3 } from 'ai/test'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { scripted } from './support/outer-model.js'
import { openRig } from './support/rig.js'

type Answer = (model: LanguageModel, chatId: string, messages: UIMessage[]) => Promise<Response>

describe('the example of the README', () => {
  it('is at most twenty lines, and streams the agent’s work into a chat', async () => {
    const page = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const code = /^```ts\n([\s\S]*?)^```$/m.exec(page)?.[1] ?? ''
    expect(code.trim().split('\n').length).to.be.at.most(20)
    const write = tool.write({ filePath: 'a.txt', content: 'a' })
    await using rig = await openRig(reply(write, text('It is done.')))
    // Below the package, so that its imports resolve as for a user of it.
    const folder = mkdtempSync(fileURLToPath(new URL('.readme-', import.meta.url)))
    const file = join(folder, 'example.ts')
    // A prompt runs in a folder that is there.
    writeFileSync(file, code.replace('/srv/project', folder))
    const before = process.env['OPENCODE_BASE_URL']
    process.env['OPENCODE_BASE_URL'] = rig.impostor.url
    try {
      const { answer } = (await import(pathToFileURL(file).href)) as { readonly answer: Answer }
      const call = { id: 'call-1', input: { prompt: 'Do it' } }
      const outer = scripted('v3', [[call], 'All is done.'], (options) => {
        return new MockLanguageModelV3(options as never)
      })
      const parts: UIMessage['parts'] = [{ type: 'text', text: 'Please' }]
      const response = await answer(outer.model, 'chat-1', [{ id: '1', role: 'user', parts }])
      const body = await response.text()
      expect(body).to.contain('"status":"complete"').and.contain('"summary":"It is done."')
      expect(body).to.contain('All is done.')
      expect(outer.prompts[1]).to.contain('Status: complete')
    } finally {
      if (before === undefined) delete process.env['OPENCODE_BASE_URL']
      else process.env['OPENCODE_BASE_URL'] = before
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
