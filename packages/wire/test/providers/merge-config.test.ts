import { expect } from 'chai'
import { describe, it } from 'mocha'
import { mergeConfig } from '../../src/providers.js'

describe('mergeConfig', () => {
  it('merges objects, replaces arrays and other values, skips undefined', () => {
    const merged = mergeConfig(
      { a: { x: 1, y: [1, 2], z: 'old' }, kept: true, list: [1] },
      { a: { y: [3], z: { deep: 1 } }, kept: undefined, list: { now: 'object' } },
      { a: { x: null } },
    )
    expect(merged).to.deep.equal({
      a: { x: null, y: [3], z: { deep: 1 } },
      kept: true,
      list: { now: 'object' },
    })
  })

  it('shares nothing with its inputs', () => {
    const input = { a: { list: [{ b: 1 }] } }
    const merged = mergeConfig(input)
    input.a.list.push({ b: 2 })
    const [first] = input.a.list
    if (first !== undefined) first.b = 3
    expect(merged).to.deep.equal({ a: { list: [{ b: 1 }] } })
  })

  it('cannot be made to change the prototype of objects', () => {
    const hostile: unknown = JSON.parse(
      '{"__proto__": {"polluted": 1}, "a": {"__proto__": {"polluted": 1}}}',
    )
    const merged = mergeConfig(hostile as Record<string, unknown>)
    expect(merged).to.deep.equal({ a: {} })
    expect(Object.getPrototypeOf(merged)).to.equal(Object.prototype)
    expect({}).to.not.have.property('polluted')
  })
})
