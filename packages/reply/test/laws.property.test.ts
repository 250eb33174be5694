import fc from 'fast-check'
import { describe, it } from 'mocha'
import { laws } from '../laws/laws.js'

/** `npm run laws` runs the same with 10,000 cases each. */
describe('the laws of a reply', () => {
  for (const { name, property } of laws) {
    it(name, async () => {
      await fc.assert(property as fc.IRawProperty<unknown>, { numRuns: 60 })
    })
  }
})
