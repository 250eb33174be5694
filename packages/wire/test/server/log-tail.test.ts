import { expect } from 'chai'
import { describe, it } from 'mocha'
import { LogTail } from '../../src/server/process/log-tail.js'
import { collectSecrets, createRedactor, redactSecrets } from '../../src/server/secrets.js'

describe('LogTail', () => {
  it('keeps the end and hides a secret wherever the text is cut', () => {
    const secret = 'sk-0123456789'
    const line = `a key ${secret} was used\n`
    for (let limit = 1; limit < 3 * line.length; limit += 1) {
      const tail = new LogTail(limit, createRedactor([secret]))
      for (let index = 0; index < 50; index += 1) tail.append(line)
      expect(tail.text().length).to.be.at.most(limit)
      expect(tail.text()).to.not.match(/\d/)
    }
  })

  it('keeps nothing with a limit of 0', () => {
    const tail = new LogTail(0, (text) => text)
    tail.append('some output')
    expect(tail.text()).to.equal('')
  })

  it('hides a secret that comes in two pieces', () => {
    const tail = new LogTail(1000, createRedactor(['sk-0123456789']))
    tail.append('key sk-0123')
    tail.append('456789 used')
    expect(tail.text()).to.equal('key [redacted] used')
    expect(tail.summary()).to.equal('It last printed: key [redacted] used')
  })
})

describe('createRedactor', () => {
  it('hides plain, JSON, URL and Base64 forms, the longest first', () => {
    const secret = 'a"b/c d'
    const forms = [secret, 'a\\"b/c d', 'a%22b%2Fc%20d', Buffer.from(secret).toString('base64')]
    const redact = createRedactor([secret, 'c d'])
    expect(redact(forms.join('\n'))).to.equal(Array(4).fill('[redacted]').join('\n'))
  })

  it('hides what an escaped secret means', () => {
    expect(createRedactor(['we\\"ird'])('got we"ird')).to.equal('got [redacted]')
  })

  it('leaves short values alone, which occur in ordinary text', () => {
    expect(createRedactor(['', 'abc'])('abcdef')).to.equal('abcdef')
  })
})

describe('collectSecrets', () => {
  const config = {
    model: 'a/b',
    provider: { x: { options: { apiKey: 'k1', headers: { Authorization: 'Bearer t' } } } },
    tokens: ['t1', { deep: 't2' }],
    password: null,
  }

  it('finds every string under a secret name', () => {
    expect(collectSecrets(config)).to.deep.equal(['k1', 'Bearer t', 't1', 't2'])
  })

  it('agrees with what a redacted copy hides', () => {
    const printed = JSON.stringify(redactSecrets(config))
    for (const secret of collectSecrets(config)) expect(printed).to.not.include(`"${secret}"`)
    expect(printed).to.include('a/b')
  })
})
