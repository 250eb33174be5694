import { expect } from 'chai'
import { describe, it } from 'mocha'
import type { TurnOptions } from '../src/index.js'
import { resolveOptions } from '../src/options.js'

describe('the patience with a server', () => {
  const unreachableMs = (more: Partial<TurnOptions>): number =>
    resolveOptions({ conversationId: 1, turnId: 1, ...more } as TurnOptions).budgets.unreachableMs

  it('is longer than its supervisor needs to replace it, unless the host says otherwise', () => {
    expect(unreachableMs({})).to.equal(120_000)
    expect(unreachableMs({ server: { outageMs: 82_000 } })).to.equal(120_000)
    expect(unreachableMs({ server: { outageMs: 200_000 } })).to.equal(250_000)
    expect(unreachableMs({ server: { outageMs: Infinity } })).to.equal(120_000)
    const budgets = { unreachableMs: 5_000 }
    expect(unreachableMs({ server: { outageMs: 200_000 }, budgets })).to.equal(5_000)
  })
})
