import { StartError } from '@turnstead-examples/start'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { loopback } from '../src/addresses.js'
import { readSettings } from '../src/settings.js'

const shared = { DATABASE_URL: 'postgres://localhost/chat', OPENCODE_BASE_URL: 'http://agent:4096' }

describe('readSettings', () => {
  it('makes one process of everything by default, which any one may use', () => {
    const settings = readSettings({})
    expect(settings).to.include({ role: 'all', port: 3000, host: '127.0.0.1', leaseMs: 10_000 })
    expect(settings.logIn).to.deep.equal({ kind: 'none' })
    expect(settings.databaseUrl).to.match(/chat\.sqlite$/)
    for (const empty of ['redisUrl', 'opencodeUrl', 'bucket', 'publicOrigin'] as const) {
      expect(settings[empty], empty).to.equal(null)
    }
  })

  it('gives a worker a port only if one is named', () => {
    expect(readSettings({ ...shared, CHAT_ROLE: 'worker' }).port).to.equal(null)
    expect(readSettings({ ...shared, CHAT_ROLE: 'worker', PORT: '0' }).port).to.equal(0)
  })

  it('reads who the users are', () => {
    const secret = 'sixteen letters.'
    const { logIn } = readSettings({ CHAT_LOGIN: 'dev', CHAT_SECRET: secret })
    expect(logIn).to.deep.equal({ kind: 'names', secret })
    const named = readSettings({ CHAT_USER_HEADER: 'X-Forwarded-User', CHAT_LOGIN: 'dev' }).logIn
    expect(named).to.deep.equal({ kind: 'header', header: 'x-forwarded-user', proxies: loopback })
    const CHAT_PROXIES = '10.0.0.0/8, fd00::/8,192.168.1.7'
    const behind = readSettings({ CHAT_USER_HEADER: 'x-user', CHAT_PROXIES }).logIn
    const proxies = ['10.0.0.0/8', 'fd00::/8', '192.168.1.7']
    expect(behind).to.deep.equal({ kind: 'header', header: 'x-user', proxies })
  })

  for (const [what, env, why] of [
    [
      'a role that there is not',
      { CHAT_ROLE: 'both' },
      /CHAT_ROLE must be web, worker, all or agent/,
    ],
    ['a web process on a file', { CHAT_ROLE: 'web' }, /CHAT_ROLE=web needs a DATABASE_URL/],
    [
      'a web process without a server',
      { CHAT_ROLE: 'web', DATABASE_URL: shared.DATABASE_URL },
      /CHAT_ROLE=web has no OpenCode server of its own: set OPENCODE_BASE_URL/,
    ],
    [
      'a worker without a server',
      { CHAT_ROLE: 'worker', DATABASE_URL: shared.DATABASE_URL },
      /set OPENCODE_BASE_URL/,
    ],
    [
      'names in several processes without a common secret',
      { ...shared, CHAT_ROLE: 'web', CHAT_LOGIN: 'dev' },
      /the same CHAT_SECRET/,
    ],
    ['a server without a password', { CHAT_ROLE: 'agent' }, /needs an OPENCODE_SERVER_PASSWORD/],
    ['a short secret', { CHAT_LOGIN: 'dev', CHAT_SECRET: 'short' }, /at least 16/],
    ['a log-in that there is not', { CHAT_LOGIN: 'oauth' }, /CHAT_LOGIN must be/],
    ['a header that is none', { CHAT_USER_HEADER: 'x user' }, /CHAT_USER_HEADER must be/],
    [
      'a proxy that has no address',
      { CHAT_USER_HEADER: 'x-user', CHAT_PROXIES: 'nginx' },
      /CHAT_PROXIES must/,
    ],
    [
      'a range that is none',
      { CHAT_USER_HEADER: 'x-user', CHAT_PROXIES: '10.0.0.0/33' },
      /CHAT_PROXIES must/,
    ],
    ['Redis beside a file', { REDIS_URL: 'redis://localhost' }, /REDIS_URL is for several/],
    ['Redis of another kind', { ...shared, REDIS_URL: 'localhost' }, /REDIS_URL must be/],
    ['a queue that is no schema', { CHAT_QUEUE: 'a;drop' }, /CHAT_QUEUE must be/],
    ['a lease that is none', { CHAT_LEASE_MS: '10' }, /CHAT_LEASE_MS must be/],
    ['a port that is none', { PORT: '70000' }, /PORT must be/],
    ['an address that is none', { CHAT_PUBLIC_URL: 'chat' }, /CHAT_PUBLIC_URL must be/],
  ] as const) {
    it(`says in a sentence what is wrong with ${what}`, () => {
      expect(() => readSettings(env)).to.throw(StartError, why)
    })
  }
})
