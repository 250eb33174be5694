import { expect } from 'chai'
import { describe, it } from 'mocha'
import { parseRowId } from '../src/web/security.js'

describe('parseRowId', () => {
  it('takes what a row can have', () => {
    expect(parseRowId('1')).to.equal(1)
    expect(parseRowId('900719925474099')).to.equal(900719925474099)
  })

  it('refuses everything else', () => {
    for (const value of [
      '0',
      '-1',
      '01',
      '1.5',
      '1e3',
      ' 1',
      '',
      'NaN',
      '9'.repeat(16),
      ['1'],
      null,
    ]) {
      expect(parseRowId(value), String(value)).to.equal(null)
    }
  })
})
