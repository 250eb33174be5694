import { expect } from 'chai'
import { describe, it } from 'mocha'
import { escapeHtml, trustedHtml } from '../src/turbo.js'
import type { Html } from '../src/turbo.js'
import { createLiveText } from '../src/turbo/live-text.js'

/** Marks what was rendered, and shows `**a**` as strong. */
function mark(source: string): Html {
  const bold = escapeHtml(source.trim()).replace(/\*\*(\w+)\*\*/g, '<strong>$1</strong>')
  return trustedHtml(`<p>${bold}</p>`)
}

const lengthOf = (changes: readonly unknown[]): number =>
  (changes ?? []).map(String).join('').length

describe('createLiveText', () => {
  it('renders the tail while it is written and appends blocks that are finished', () => {
    const text = createLiveText('t', mark)
    expect((text.update('**a') ?? []).map(String).join('')).to.contain('target="t-tail"')
    expect((text.update('**a**\n\nb\n') ?? []).map(String).join('')).to.match(
      /action="append" target="t-blocks".*<strong>a<\/strong>.*target="t-tail".*<p>b<\/p>/s,
    )
    expect(String(text.view())).to.match(/t-blocks.*<strong>a<\/strong>.*t-tail.*<p>b<\/p>/s)
  })

  it('sends nothing when nothing changed', () => {
    const text = createLiveText('t', mark)
    text.update('a')
    expect(text.update('a')).to.deep.equal([])
  })

  it('costs the same for each delta, however long the text is', () => {
    const text = createLiveText('t', mark)
    let written = ''
    let most = 0
    for (let index = 0; index < 3_000; index += 1) {
      written += index % 40 === 39 ? 'end.\n\n' : 'some words '
      most = Math.max(most, lengthOf(text.update(written) ?? []))
    }
    expect(written.length).to.be.greaterThan(30_000)
    expect(most).to.be.lessThan(2_000)
  })

  it('puts the blocks of a long text into chunks, also for a page that comes later', () => {
    const text = createLiveText('t', mark)
    let written = ''
    let page = ''
    for (let index = 0; index < 90; index += 1) {
      written += `${'word '.repeat(100)}\n\n`
      page += (text.update(written) ?? []).map(String).join('')
    }
    expect([...page.matchAll(/target="t-blocks"/g)].length).to.be.within(30, 40)
    expect(page).to.contain('id="t-chunk-1"').and.contain('target="t-chunk-1"')
    expect(page).to.contain('id="t-chunk-2"').and.not.contain('id="t-chunk-3"')
    const view = String(text.view())
    expect([...view.matchAll(/ class="chunk" id="([^"]*)"/g)].map(([, id]) => id)).to.deep.equal([
      't-chunk-1',
      't-chunk-2',
    ])
    expect(view.match(/word/g)).to.have.lengthOf(9_000)
  })

  it('ends by rendering what was only shown, and leaves the rest', () => {
    const text = createLiveText('t', mark)
    const start = `done\n\n${'word '.repeat(1_000)}`
    text.update(start)
    const changes = text.end(`${start}**last**`) ?? []
    expect(changes.map(String).join('')).to.match(/target="t-tail".*word.*<strong>last<\/strong>/s)
    expect(text.end('another')).to.equal(null)
  })

  it('appends plain text to a block that has become long', () => {
    const text = createLiveText('t', mark)
    const start = `\`\`\`ts\n${'let x = 1\n'.repeat(500)}`
    text.update(start)
    const changes = text.update(`${start}a < b && c\n`)
    expect((changes ?? []).map(String).join('')).to.contain(
      '<template>a &#60; b &#38;&#38; c\n</template>',
    )
    expect((changes ?? []).map(String).join('')).to.contain('target="t-end"')
    expect(String(text.view())).to.contain('id="t-end"')
  })

  it('renders a long block once it is finished', () => {
    const text = createLiveText('t', mark)
    const start = 'word '.repeat(1_000)
    text.update(start)
    text.update(`${start}more`)
    const changes = (text.update(`${start}more\n\nnext\n`) ?? []).map(String).join('')
    expect(changes).to.contain('target="t-blocks"').and.contain('target="t-tail"')
  })

  it('does not go on with a text that did not just grow', () => {
    const text = createLiveText('t', mark)
    text.update('one two')
    expect(text.update('one')).to.equal(null)
    expect(text.update('ONE two three')).to.equal(null)
    expect(text.update('one two three')).to.have.lengthOf(1)
  })
})
