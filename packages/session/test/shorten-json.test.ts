import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { shortenJson } from '../src/values/shorten-json.js'

const mark = /… \[\d+ characters were too many for the row\]$/

describe('shortenJson', () => {
  it('cuts the longest outputs, says so, and leaves what was said and every short text', () => {
    const part = (output: string): object => ({ id: 'prt_1', body: { tool: 'bash', output } })
    const reply = {
      version: 1,
      sessions: [
        {
          parts: [part('x'.repeat(500_000)), part('y'.repeat(2_000)), { text: 'z'.repeat(9_000) }],
        },
      ],
    }
    const json = shortenJson(reply, 50_000) ?? ''
    expect(Buffer.byteLength(json)).to.be.at.most(50_000)
    const [session] = (JSON.parse(json) as { sessions: { parts: Record<string, never>[] }[] })
      .sessions
    const [large, small, text] = session?.parts ?? []
    expect(large).to.have.nested.property('body.output').that.matches(mark)
    expect(large).to.include({ id: 'prt_1' })
    expect(small).to.deep.equal(part('y'.repeat(2_000)))
    expect(text).to.deep.equal({ text: 'z'.repeat(9_000) })
  })

  it('cuts what was said when nothing else is left to cut', () => {
    const json = shortenJson({ output: 'x'.repeat(5_000), text: 'z'.repeat(100_000) }, 20_000) ?? ''
    expect(Buffer.byteLength(json)).to.be.at.most(20_000)
    expect(JSON.parse(json)).to.have.property('text').that.matches(mark)
  })

  it('gives what fits as it is', () => {
    const reply = { output: 'x'.repeat(5_000) }
    expect(shortenJson(reply, 6_000)).to.equal(JSON.stringify(reply))
  })

  it('gives nothing when short texts alone are too many', () => {
    expect(
      shortenJson(
        Array.from({ length: 1_000 }, () => 'short'),
        1_000,
      ),
    ).to.equal(null)
  })

  it('keeps to the limit and to the shape, whatever is in it', () => {
    const leaf = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 2_000 }),
      fc.integer(),
      fc.constant(null),
    )
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom('text', 'output', 'id', 'body'), tie('tree')),
      ),
    }))
    fc.assert(
      fc.property(tree, fc.integer({ min: 200, max: 5_000 }), (value, maxBytes) => {
        const json = shortenJson(value, maxBytes)
        if (json === null) return
        expect(Buffer.byteLength(json)).to.be.at.most(maxBytes)
        expect(shapeOf(JSON.parse(json))).to.deep.equal(shapeOf(JSON.parse(JSON.stringify(value))))
      }),
      { numRuns: 200 },
    )
  })
})

function shapeOf(value: unknown): unknown {
  if (typeof value === 'string') return 'text'
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inside]) => [name, shapeOf(inside)]))
}
