import { expect } from 'chai'
import { inspect } from 'node:util'
import { describe, it } from 'mocha'
import { createSecretEnv, detectProvider, type ProviderCredentials } from '../../src/providers.js'

const anthropic = { ANTHROPIC_API_KEY: 'sk-ant-secret' }
const openai = { OPENAI_API_KEY: 'sk-openai-secret' }
const cloudflare = { CLOUDFLARE_ACCOUNT_ID: 'acc', CLOUDFLARE_API_KEY: 'cf-secret' }
const compatible = {
  provider: 'openai-compatible',
  baseUrl: 'http://127.0.0.1:9/v1',
  apiKey: 'sk-local-secret',
  model: 'big',
} satisfies ProviderCredentials

describe('detectProvider', () => {
  it('finds nothing in an environment without or with blank keys', () => {
    expect(detectProvider({})).to.equal(null)
    expect(detectProvider({ ANTHROPIC_API_KEY: ' ', OPENAI_API_KEY: '' })).to.equal(null)
    expect(detectProvider({ CLOUDFLARE_API_KEY: 'x' })).to.equal(null)
  })

  it('takes every provider of the environment, the first as default', () => {
    const found = detectProvider({ ...cloudflare, ...openai, ...anthropic })

    expect(found?.providers).to.deep.equal(['anthropic', 'openai', 'cloudflare-workers-ai'])
    expect(found).to.include({ source: 'environment', model: 'anthropic/claude-sonnet-4-6' })
    expect({ ...found?.env }).to.deep.equal({ ...anthropic, ...openai, ...cloudflare })
    expect(found?.config).to.deep.include({
      model: 'anthropic/claude-sonnet-4-6',
      enabled_providers: ['anthropic', 'openai', 'cloudflare-workers-ai'],
      autoupdate: false,
      share: 'disabled',
    })
  })

  it('makes the provider of the configured model the default one', () => {
    const config = { model: 'openai/gpt-5' }
    const found = detectProvider({ ...anthropic, ...openai }, { config })

    expect(found?.model).to.equal('openai/gpt-5')
    expect(found?.config['model']).to.equal('openai/gpt-5')
    expect(found?.providers[0]).to.equal('openai')
  })

  it('prefers explicit credentials and leaves those of the environment alone', () => {
    const credentials = { provider: 'openai', apiKey: 'sk-mine', model: 'gpt-5' } as const
    const found = detectProvider(anthropic, { credentials })

    expect(found).to.include({ source: 'explicit', model: 'openai/gpt-5' })
    expect({ ...found?.env }).to.deep.equal({ OPENAI_API_KEY: 'sk-mine' })
  })

  it('describes a compatible endpoint without giving its key to OpenAI', () => {
    const env = { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', OPENAI_MODEL: 'big', ...openai }
    for (const found of [
      detectProvider(env),
      detectProvider({}, { credentials: { ...compatible, apiKey: openai.OPENAI_API_KEY } }),
    ]) {
      expect(found?.model).to.equal('openai-compatible/big')
      expect({ ...found?.env }).to.deep.equal({
        TURNSTEAD_CONFIG_SECRET_1: 'sk-openai-secret',
      })
      expect(found?.config['provider']).to.deep.equal({
        'openai-compatible': {
          npm: '@ai-sdk/openai-compatible',
          name: 'openai-compatible',
          options: {
            baseURL: 'http://127.0.0.1:9/v1',
            apiKey: '{env:TURNSTEAD_CONFIG_SECRET_1}',
          },
          models: { big: { name: 'big' } },
        },
      })
    }
  })

  it('needs a model for a compatible endpoint, but not for a gateway of OpenAI itself', () => {
    expect(() => detectProvider({ OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' })).to.throw(
      TypeError,
      'OPENAI_MODEL',
    )
    const own = { ...openai, OPENAI_BASE_URL: 'https://api.openai.com/v1' }
    expect(detectProvider(own)?.providers).to.deep.equal(['openai'])
  })

  it('refuses incomplete explicit credentials', () => {
    for (const credentials of [
      { provider: 'anthropic', apiKey: '' },
      { ...compatible, baseUrl: 'nonsense' },
      { ...compatible, model: '' },
    ] satisfies ProviderCredentials[]) {
      expect(() => detectProvider({}, { credentials })).to.throw(TypeError)
    }
  })

  it('keeps the agent off the network unless the host allows it', () => {
    const permissionOf = (permission?: unknown): unknown =>
      detectProvider(openai, permission === undefined ? {} : { config: { permission } })?.config[
        'permission'
      ]
    expect(permissionOf()).to.include({ webfetch: 'deny' })
    expect(permissionOf({ bash: 'ask' })).to.include({ webfetch: 'deny', bash: 'ask' })
    expect(permissionOf({ webfetch: 'ask' })).to.include({ webfetch: 'ask' })
    expect(permissionOf({ '*': 'ask' })).to.deep.equal({ '*': 'ask' })
  })

  it('takes patterns for exceptions from the rule that it would have set', () => {
    const config = { permission: { webfetch: { 'https://docs.example.com/*': 'allow' } } }
    const permission = detectProvider(openai, { config })?.config['permission'] as
      | Record<string, object>
      | undefined
    expect(Object.entries(permission?.['webfetch'] ?? {})).to.deep.equal([
      ['*', 'deny'],
      ['https://docs.example.com/*', 'allow'],
    ])
  })

  it('lays the given configuration over what it found', () => {
    const config = {
      share: 'manual',
      provider: { anthropic: { options: { timeout: 5 } }, own: { npm: 'x' } },
    }
    const credentials = {
      provider: 'anthropic',
      apiKey: 'sk-ant-secret',
      baseUrl: 'https://gateway.example/anthropic',
    } as const
    const found = detectProvider({}, { credentials, config })

    expect(found?.config).to.deep.include({
      share: 'manual',
      provider: {
        anthropic: { options: { baseURL: 'https://gateway.example/anthropic', timeout: 5 } },
        own: { npm: 'x' },
      },
      enabled_providers: ['anthropic', 'own'],
    })
  })

  it('adds rules under which nothing waits for a person, and lets given ones win', () => {
    const permission = (given?: unknown): string => {
      const config = given === undefined ? {} : { permission: given }
      return JSON.stringify(detectProvider(anthropic, { config })?.config['permission'])
    }

    expect(permission()).to.match(/^\{"\*":"allow",.*"question":"deny"/)
    expect(permission({ question: 'allow', bash: 'deny' })).to.match(
      /"question":"allow","bash":"deny"\}$/,
    )
    expect(permission({ edit: 'ask', '*': 'deny' })).to.equal('{"edit":"ask","*":"deny"}')
    expect(permission('allow')).to.equal('"allow"')
  })

  it('shows no secret wherever it is printed, and passes every one on', () => {
    const config = {
      mcp: {
        tool: {
          headers: { Authorization: 'Bearer "user"-secret' },
          environment: { A_TOKEN: 't-secret' },
        },
      },
      provider: { own: { options: { apiKey: '{env:ELSEWHERE}' } } },
    }
    const found = detectProvider({}, { credentials: compatible, config })
    const printed = inspect(found, { depth: 20, showHidden: true }) + JSON.stringify(found)

    expect(printed).to.not.include('secret"').and.not.include('-secret')
    expect(JSON.stringify(found?.config)).to.include('{env:ELSEWHERE}')
    expect({ ...found?.env }).to.deep.equal({
      TURNSTEAD_CONFIG_SECRET_1: 'sk-local-secret',
      TURNSTEAD_CONFIG_SECRET_2: 'Bearer \\"user\\"-secret',
      TURNSTEAD_CONFIG_SECRET_3: 't-secret',
    })
  })
})

describe('createSecretEnv', () => {
  it('hides secrets when printed and is a plain record otherwise', () => {
    const env = createSecretEnv({ A_KEY: 'hidden', PLAIN: 'shown' })
    expect(inspect(env)).to.equal("{ A_KEY: '[redacted]', PLAIN: 'shown' }")
    expect(JSON.stringify({ env })).to.equal('{"env":{"A_KEY":"[redacted]","PLAIN":"shown"}}')
    expect(Object.keys({ ...env })).to.deep.equal(['A_KEY', 'PLAIN'])
    expect(env['A_KEY']).to.equal('hidden')
  })
})
