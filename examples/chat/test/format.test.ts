import { expect } from 'chai'
import { describe, it } from 'mocha'
import { formatDuration, showInvisible } from '../src/views/atoms/format.js'

describe('formatDuration', () => {
  it('rounds before it splits, so that no minute has sixty seconds', () => {
    expect([940, 9_960, 59_400, 59_700, 119_700].map(formatDuration)).to.deep.equal([
      '0.9 s',
      '10 s',
      '59 s',
      '1 min 0 s',
      '2 min 0 s',
    ])
  })
})

describe('showInvisible', () => {
  it('names what hides or turns round, and leaves text and lines alone', () => {
    expect(showInvisible('rm\u202E a\u200Bb\u0000\r')).to.equal(
      'rm\\u{202e} a\\u{200b}b\\u{0}\\u{d}',
    )
    expect(showInvisible('日本 é\n\tx 🙂')).to.equal('日本 é\n\tx 🙂')
  })
})
