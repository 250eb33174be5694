import { expect } from 'chai'
import { describe, it } from 'mocha'
import { sameJson, toJsonValue } from '../src/records/json-value.js'

describe('toJsonValue', () => {
  it('gives what survives a journey through JSON', () => {
    const value = {
      zero: -0,
      nan: Number.NaN,
      big: 10n,
      gone: undefined,
      list: [undefined, () => 1],
      date: new Date(0),
    }
    const json = toJsonValue(value)
    expect(Object.is(Object(json).zero, 0)).to.equal(true)
    expect(json).to.deep.equal({ zero: 0, nan: null, big: null, list: [null, null], date: {} })
    expect(JSON.parse(JSON.stringify(json))).to.deep.equal(json)
  })

  it('cuts cycles and does not touch prototypes', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    expect(JSON.stringify(toJsonValue(cycle))).to.be.a('string')
    expect(Object(toJsonValue(JSON.parse('{"__proto__":{"isAdmin":true}}'))).isAdmin).to.equal(
      undefined,
    )
  })
})

describe('sameJson', () => {
  it('compares by value, whatever the order of keys', () => {
    expect(sameJson({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).to.equal(true)
    expect(sameJson({ a: 1 }, { a: 1, b: undefined })).to.equal(false)
    expect(sameJson([1, 2], [1])).to.equal(false)
    expect(sameJson([], {})).to.equal(false)
  })
})
