import { inspect } from 'node:util'

import { expect } from 'chai'
import { describe, it } from 'mocha'

import { resolveOptions } from '../src/options.js'

describe('client options', () => {
  it('come from the environment where they are not given', () => {
    const settings = resolveOptions({
      env: {
        OPENCODE_BASE_URL: 'https://host.example/agent/?tenant=1',
        OPENCODE_SERVER_USERNAME: 'u',
        OPENCODE_SERVER_PASSWORD: 'p',
        OPENCODE_TIMEOUT: '1.5',
      },
    })
    expect(settings.base).to.include({
      origin: 'https://host.example',
      prefix: '/agent',
      query: 'tenant=1',
    })
    expect(settings.authorization).to.equal(`Basic ${btoa('u:p')}`)
    expect(settings.timeouts.requestMs).to.equal(1500)
  })

  it('prefer what is given, and credentials in the URL to those of the environment', () => {
    const env = { OPENCODE_SERVER_PASSWORD: 'env' }
    const inUrl = resolveOptions({ baseUrl: 'http://a%20b:c%40d@host:1', env })
    expect(inUrl.authorization).to.equal(`Basic ${btoa('a b:c@d')}`)
    expect(inUrl.base.origin).to.equal('http://host:1')
    const given = resolveOptions({ baseUrl: 'http://x:y@host', password: 'z', env })
    expect(given.authorization).to.equal(`Basic ${btoa('x:z')}`)
  })

  it('never repeat a base URL that cannot be read, for it may hold a password', () => {
    for (const baseUrl of ['http://u:topsecret@host:99999999/', 'http://u:topsecret%zz@host/']) {
      let error: unknown
      try {
        resolveOptions({ baseUrl, env: {} })
      } catch (caught) {
        error = caught
      }
      expect(error).to.be.instanceOf(TypeError)
      expect(inspect(error, { showHidden: true })).to.not.contain('topsecret')
    }
  })

  it('send no credentials without a password', () => {
    expect(resolveOptions({ env: {} }).authorization).to.equal(null)
    const env = { OPENCODE_SERVER_PASSWORD: 'p' }
    expect(resolveOptions({ env, password: null }).authorization).to.equal(null)
  })

  for (const [name, options] of [
    ['`baseUrl`', { baseUrl: 'localhost 4096' }],
    ['`baseUrl`', { baseUrl: 'ftp://host' }],
    ['`username`', { username: 'a:b', password: 'p' }],
    ['`timeouts.requestMs`', { timeouts: { requestMs: -1 } }],
    ['`timeouts.requestMs`', { timeouts: { requestMs: Number.NaN } }],
    ['`OPENCODE_BASE_URL`', { env: { OPENCODE_BASE_URL: 'localhost 4096' } }],
    ['`OPENCODE_BASE_URL`', { env: { OPENCODE_BASE_URL: 'ftp://host' } }],
    ['`OPENCODE_BASE_URL`', { env: { OPENCODE_BASE_URL: 'http://u:%zz@host' } }],
    ['`username`', { env: { OPENCODE_SERVER_USERNAME: 'a:b', OPENCODE_SERVER_PASSWORD: 'p' } }],
    ['`OPENCODE_TIMEOUT`', { env: { OPENCODE_TIMEOUT: '-1' } }],
    ['`OPENCODE_TIMEOUT`', { env: { OPENCODE_TIMEOUT: 'Infinity' } }],
    ['`OPENCODE_TIMEOUT`', { env: { OPENCODE_TIMEOUT: 'soon' } }],
    ['`OPENCODE_TIMEOUT`', { env: { OPENCODE_TIMEOUT: '0' } }],
  ] as const) {
    it(`refuse ${JSON.stringify(options)} and name ${name}`, () => {
      expect(() => resolveOptions({ env: {}, ...options })).to.throw(name)
    })
  }

  it('never repeat a base URL in an error, for it may hold a password', () => {
    expect(() => resolveOptions({ baseUrl: 'http://u:hunter2@[bad', env: {} }))
      .to.throw(TypeError)
      .with.property('message')
      .not.contain('hunter2')
  })

  it('refuse a name that does not exist', () => {
    expect(() => resolveOptions({ env: {}, timeouts: { readMs: 1 } as object })).to.throw(
      '`timeouts.readMs`',
    )
    // It would be the server of the machine that is asked.
    expect(() => resolveOptions({ env: {}, basUrl: 'http://host' } as object)).to.throw('"basUrl"')
    expect(() => resolveOptions('http://host' as never)).to.throw('takes an object')
  })
})
