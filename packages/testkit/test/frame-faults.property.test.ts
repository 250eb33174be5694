import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { createFrameEncoder } from '../src/faults/frame-faults.js'
import { fault, type StreamFault } from '../src/index.js'

const frames = fc.array(
  fc.jsonValue().map((value) => JSON.stringify({ type: 'x', value })),
  { maxLength: 8 },
)

function bytesOf(json: readonly string[], faults: readonly StreamFault[]): Buffer {
  const encoder = createFrameEncoder(faults)
  const actions = json.flatMap((each) => encoder.encode('x', each))
  return Buffer.concat(actions.flatMap((action) => (action.kind === 'write' ? [action.bytes] : [])))
}

describe('createFrameEncoder', () => {
  it('writes the same bytes however they are split', () => {
    fc.assert(
      fc.property(frames, fc.integer({ min: 1, max: 9 }), (json, size) => {
        expect(bytesOf(json, [fault.split(size)]).equals(bytesOf(json, []))).to.equal(true)
      }),
    )
  })

  it('stops after exactly so many bytes', () => {
    fc.assert(
      fc.property(frames, fc.nat(200), (json, limit) => {
        const whole = bytesOf(json, [])
        const cut = bytesOf(json, [fault.cutBytes(limit)])
        expect(cut.equals(whole.subarray(0, limit))).to.equal(true)
      }),
    )
  })

  it('loses nothing when it reorders or repeats', () => {
    fc.assert(
      fc.property(frames, fc.nat(6), (json, at) => {
        fc.pre(json.length > 0)
        const lines = (faults: readonly StreamFault[]): readonly string[] =>
          bytesOf([...json, '"end"'], faults)
            .toString('utf8')
            .split('\n\n')
            .toSorted()
        expect(lines([fault.reorder(Math.min(at, json.length - 1))])).to.deep.equal(lines([]))
        expect(new Set(lines([fault.duplicate(at)]))).to.deep.equal(new Set(lines([])))
      }),
    )
  })
})
