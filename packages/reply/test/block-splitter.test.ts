import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { createBlockSplitter } from '../src/turbo/block-splitter.js'

function settled(text: string): string {
  const splitter = createBlockSplitter()
  splitter.advance(text)
  return text.slice(0, splitter.finishedLength)
}

describe('createBlockSplitter', () => {
  it('settles a paragraph when the next one has a line', () => {
    expect(settled('one\n\ntwo')).to.equal('')
    expect(settled('one\n\ntwo\n')).to.equal('one\n\n')
  })

  it('keeps a fence whole, with blank lines and shorter fences in it', () => {
    expect(settled('````\na\n\n```\n\nb\n')).to.equal('')
    expect(settled('````\na\n\nb\n````\n\nafter\n')).to.equal('````\na\n\nb\n````\n\n')
  })

  it('keeps a loose list whole', () => {
    expect(settled('1. a\n\n2. b\n\n   more\n\n')).to.equal('')
    expect(settled('1. a\n\n2. b\n\nafter\n')).to.equal('1. a\n\n2. b\n\n')
  })

  it('tells that a fence is open', () => {
    const splitter = createBlockSplitter()
    splitter.advance('```ts\nlet a\n')
    expect(splitter.isFenced).to.equal(true)
    splitter.advance('```ts\nlet a\n```\n')
    expect(splitter.isFenced).to.equal(false)
  })

  it('comes to the same split however the text arrives', () => {
    const line = fc.constantFrom('a', '', '', '- b', '1. c', '```', '````', '~~~', '  d', '# e')
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(60)), (lines, cuts) => {
        const text = lines.map((each) => `${each}\n`).join('')
        const splitter = createBlockSplitter()
        for (const cut of cuts.toSorted((a, b) => a - b)) splitter.advance(text.slice(0, cut))
        splitter.advance(text)
        expect(text.slice(0, splitter.finishedLength)).to.equal(settled(text))
      }),
    )
  })
})
