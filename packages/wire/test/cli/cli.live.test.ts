import { expect } from 'chai'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, describe, it } from 'mocha'
import {
  providerError,
  reasoning,
  reply,
  startScriptedModel,
  text,
  tool,
  type ScriptedModel,
} from '@turnstead/testkit'
import { runCli, startCli, type CliOptions } from '../../src/cli.js'
import { detectProvider } from '../../src/providers.js'
import { findOpencode } from '../../src/server.js'

const root = fileURLToPath(new URL('../../../..', import.meta.url))

function findBinary(): string | null {
  try {
    return findOpencode({ resolveFrom: root, env: {} }).path
  } catch (error) {
    console.warn(`cli.live.test.ts is skipped: ${String(error)}`)
    return null
  }
}

const found = findBinary()
const describeWithBinary = found === null ? describe.skip : describe

describeWithBinary('the real opencode run', function () {
  this.timeout(60_000)
  let folder: string
  let model: ScriptedModel
  let options: Omit<CliOptions, 'prompt'>

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wire-cli-live-'))
    model = await startScriptedModel([
      reply(
        reasoning('Let me think.'),
        text('First I write.'),
        tool.write({ filePath: join(folder, 'a.txt'), content: 'hi' }),
        text('Done.'),
      ),
      reply(text('Again.')),
      reply(providerError()),
    ])
    const provider = detectProvider(
      {},
      {
        credentials: { provider: 'openai-compatible', baseUrl: model.url, apiKey: 'k', model: 'm' },
        // The agent's directory is outside any repository, so its files count as external.
        config: { permission: 'allow' },
      },
    )
    options = {
      binary: found ?? '',
      directory: folder,
      dataDir: join(folder, '.data'),
      config: provider?.config ?? {},
      env: { ...provider?.env, OPENCODE_DISABLE_MODELS_FETCH: '1' },
    }
  })

  after(async () => {
    await model.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('gives typed events, the exact prompt, and the session that another run can continue', async () => {
    const prompt = 'Say "hello",\n  exactly: $HOME'
    const run = await startCli({ ...options, prompt, reasoning: true })
    const seen: string[] = []
    for await (const event of run) {
      seen.push('text' in event ? `${event.type}: ${event.text}` : event.type)
      if (event.type === 'tool_use')
        expect(event).to.include({ tool: 'write', status: 'completed' })
    }
    const first = await run.finished()

    expect(seen).to.deep.equal([
      'step_start',
      'reasoning: Let me think.',
      'text: First I write.',
      'tool_use',
      'step_finish',
      'step_start',
      'text: Done.',
      'step_finish',
    ])
    expect(first).to.include({ completed: true, text: 'First I write.\n\nDone.', finish: 'stop' })
    expect(first.tokens.output).to.be.greaterThan(0)
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).to.equal('hi')
    expect(model.requests.entries[0]?.prompt).to.equal(prompt)

    const session = first.sessionId ?? ''
    const second = await runCli({ ...options, prompt: 'And again', session })
    expect(second).to.include({ sessionId: session, text: 'Again.', completed: true })
  })

  it('ends with status 1 when the provider refuses', async () => {
    const failure: unknown = await runCli({ ...options, prompt: 'x' }).catch((e: unknown) => e)
    expect(failure).to.include({ code: 'cli_failed' })
    expect(String(failure)).to.include('status 1').and.include('APIError: Provider refused')
  })
})
