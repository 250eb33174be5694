import { expect } from 'chai'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'mocha'
import {
  defaultModels,
  detectProvider,
  headlessPermissions,
  permissionRules,
} from '../../src/providers.js'
import { findOpencode, startServer } from '../../src/server.js'

const root = fileURLToPath(new URL('../../../..', import.meta.url))

function findBinary(): string | null {
  try {
    return findOpencode({ resolveFrom: root, env: {} }).path
  } catch (error) {
    console.warn(`providers.live.test.ts is skipped: ${String(error)}`)
    return null
  }
}

const found = findBinary()
const describeWithBinary = found === null ? describe.skip : describe

describeWithBinary('detectProvider with the real opencode', function () {
  this.timeout(60_000)

  it('is understood as it is meant', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wire-providers-'))
    const provider = detectProvider(
      {},
      {
        credentials: [
          {
            provider: 'openai-compatible',
            id: 'local',
            baseUrl: 'http://127.0.0.1:9/v1',
            apiKey: 'we"ird\\key',
            model: 'big',
          },
          { provider: 'anthropic', apiKey: 'a-key' },
          { provider: 'openai', apiKey: 'o-key' },
          { provider: 'cloudflare-workers-ai', accountId: 'account', apiKey: 'c-key' },
        ],
        config: { provider: { local: { options: { headers: { Authorization: 'Bearer "x"' } } } } },
      },
    )
    const server = await startServer({
      binary: found ?? '',
      directory,
      config: provider?.config ?? {},
      installPlugins: false,
      env: { ...provider?.env, OPENCODE_DISABLE_MODELS_FETCH: '1' },
    })
    try {
      const token = Buffer.from(`${server.username}:${server.password}`).toString('base64')
      const headers = { authorization: `Basic ${token}` }
      const ask = async (path: string): Promise<unknown> =>
        (await fetch(server.url + path, { headers })).json()
      const config = (await ask('/config')) as Record<string, unknown>
      const offered = (await ask('/config/providers')) as {
        providers: {
          id: string
          models: Record<string, unknown>
          options: Record<string, unknown>
        }[]
      }

      expect(config['model']).to.equal('local/big')
      const rules = ((await ask('/agent')) as { name: string; permission: unknown[] }[])
        .filter(({ name }) => name === 'build')
        .flatMap(({ permission }) => permission.map((rule) => JSON.stringify(rule)))
      const ours = permissionRules(headlessPermissions)
      const start = rules.lastIndexOf(JSON.stringify(ours[0]))
      expect(rules.slice(start, start + ours.length), 'the rules in their order').to.deep.equal(
        ours.map((rule) => JSON.stringify(rule)),
      )
      const ids = offered.providers.map(({ id }) => id)
      expect(ids, 'and not the public one').to.have.members(provider?.providers ?? [])
      expect(offered.providers.find(({ id }) => id === 'local')?.options).to.deep.include({
        apiKey: 'we"ird\\key',
        headers: { Authorization: 'Bearer "x"' },
      })
      for (const [id, model] of Object.entries(defaultModels)) {
        const models = offered.providers.find((one) => one.id === id)?.models ?? {}
        expect(Object.keys(models), `default model of ${id}`).to.include(model)
      }
    } finally {
      await server.close()
      rmSync(directory, { recursive: true, force: true })
    }
  })
})
