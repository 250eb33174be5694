import { expect } from 'chai'
import { describe, it } from 'mocha'
import { headlessPermissions, permissionConfig, permissionRules } from '../../src/providers.js'

describe('permissionRules', () => {
  it('puts what is more specific last, names before patterns', () => {
    const rules = permissionRules({
      bash: { 'git push': 'deny', '*': 'ask', 'git *': 'allow' },
      write_notes: 'allow',
      'mcp_*': 'ask',
      '*': 'deny',
    })
    expect(rules.map((rule) => `${rule.permission} ${rule.pattern} ${rule.action}`)).to.deep.equal([
      '* * deny',
      'mcp_* * ask',
      'bash * ask',
      'bash git * allow',
      'bash git push deny',
      'write_notes * allow',
    ])
  })

  it('lets the stricter of two equally specific rules win', () => {
    const rules = permissionRules({ edit: { 'a*': 'deny', '*a': 'allow' } })
    expect(rules.at(-1)?.action).to.equal('deny')
  })

  it('refuses names that the server never consults, and unknown actions', () => {
    expect(() => permissionRules({ write: 'deny' })).to.throw(TypeError, '`edit`')
    expect(() => permissionRules({ apply_patch: 'deny' })).to.throw(TypeError, '`edit`')
    const typo = { edit: 'denny' } as unknown as Parameters<typeof permissionRules>[0]
    expect(() => permissionRules(typo)).to.throw(TypeError, 'denny')
  })
})

describe('permissionConfig', () => {
  it('keeps the order of the rules in the order of the keys', () => {
    expect(
      JSON.stringify(permissionConfig({ edit: 'ask', '*': { 'x*': 'deny', '*': 'allow' } })),
    ).to.equal('{"*":{"*":"allow","x*":"deny"},"edit":"ask"}')
  })

  it('refuses keys that an object would move to the front', () => {
    expect(() => permissionConfig({ bash: { '42': 'deny' } })).to.throw(
      TypeError,
      'permissionRules()',
    )
  })

  it('asks no one by default when headless', () => {
    expect(JSON.stringify(permissionConfig(headlessPermissions))).to.not.include('ask')
  })
})
