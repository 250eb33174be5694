import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { on, reply, startScriptedModel, text, tool } from '@turnstead/testkit'
import { findOpencodeBinary } from '@turnstead/testkit/opencode'
import { type Client, createClient } from '@turnstead/wire'
import { createMemoryLedger, type Spend, startModelGateway } from '@turnstead/wire/gateway'
import { detectProvider } from '@turnstead/wire/providers'
import { startServer } from '@turnstead/wire/server'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { opencodeTask, scopeOfSession } from '../src/index.js'
import { execute, lastOf } from './support/rig.js'

const binary = findOpencodeBinary()
const owners: Readonly<Record<string, string>> = { 'chat-1': 'ann', 'chat-2': 'bob' }

describe('runs behind the model gateway', function () {
  this.timeout(120_000)

  it('are booked to the user of their chat to the token, and refused where it has none', async function () {
    if (binary === null) {
      console.warn('SKIPPED, the real server is not tested: no opencode binary for this platform.')
      this.skip()
    }
    const folder = mkdtempSync(join(tmpdir(), 'turnstead-task-'))
    const help = tool.task({ description: 'Help', prompt: 'Help' }, reply(text('Helped.')))
    await using model = await startScriptedModel([
      on('Delegate', reply(help, text('Done.'))),
      on('Shortly', reply(text('Short.'))),
      on('Nobody', reply(text('For nobody.'))),
    ])
    const spends: Spend[] = []
    let client: Client | null = null
    const gateway = await startModelGateway({
      credentials: {
        provider: 'openai-compatible',
        id: 'scripted',
        baseUrl: model.url,
        apiKey: 'sk-secret',
        model: 'standard',
      },
      priceOf: () => ({ input: 1, output: 2 }),
      ledger: createMemoryLedger({ capOf: () => null, onSpend: (spend) => spends.push(spend) }),
      async userOf({ rootSessionId }) {
        if (client === null || rootSessionId === null) return null
        const chatId = await scopeOfSession(client, rootSessionId)
        return chatId === null ? null : owners[chatId]
      },
    })
    const provider = detectProvider({}, { credentials: gateway.grant().credentials })
    const server = await startServer({
      binary,
      directory: folder,
      dataDir: join(folder, '.data'),
      config: provider?.config ?? {},
      installPlugins: false,
      env: { ...provider?.env, OPENCODE_DISABLE_MODELS_FETCH: '1' },
    })
    const { url, username, password } = server
    client = createClient({ baseUrl: url, username, password: password ?? '', directory: folder })
    const run = async (scope: string, prompt: string) => {
      const task = opencodeTask({ client: client as Client, scope })
      return await lastOf(execute(task, { prompt }, { toolCallId: `${scope} ${prompt}` }))
    }
    try {
      const [delegated, short] = await Promise.all([
        run('chat-1', 'Delegate'),
        run('chat-2', 'Shortly'),
      ])
      expect([delegated.status, short.status]).to.deep.equal(['complete', 'complete'])
      // Titles are asked for beside the runs.
      for (let left = 200; left > 0 && gateway.calls > 0; left -= 1) {
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
      const { answers, inputTokens, outputTokens } = model.spent()
      const sum = (of: (spend: Spend) => number): number =>
        spends.reduce((total, spend) => total + of(spend), 0)
      expect(spends).to.have.length(answers)
      const booked = sum(({ usage }) => usage.inputTokens + usage.cacheReadTokens)
      expect(booked).to.equal(inputTokens)
      expect(sum(({ usage }) => usage.outputTokens)).to.equal(outputTokens)
      const of = (user: string): Spend[] => spends.filter((spend) => spend.user === user)
      // Two steps and the sub-agent's one; each conversation may have a title, too.
      const titles = model.asides.entries.length
      expect(of('ann').length + of('bob').length).to.equal(4 + titles)
      expect(of('ann').length).to.be.within(3, 4)
      expect(of('ann').some((spend) => spend.sessionId !== delegated.sessionId)).to.equal(true)
      expect(new Set(of('bob').map(({ sessionId }) => sessionId))).to.deep.equal(
        new Set([short.sessionId]),
      )

      const refused = await run('chat-of-nobody', 'Nobody')
      expect(refused.status).to.equal('error')
      expect(await scopeOfSession(client, refused.sessionId ?? '')).to.equal('chat-of-nobody')
    } finally {
      await client.close()
      await server.close()
      await gateway.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
