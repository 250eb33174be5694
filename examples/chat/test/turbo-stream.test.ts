import { expect } from 'chai'
import { describe, it } from 'mocha'
import { html } from '@turnstead/reply/turbo'
import { eventFrame, turboStream } from '../src/turbo-stream.js'

describe('turboStream', () => {
  it('puts the content into a template and adds no white space to it', () => {
    expect(String(turboStream('append', 'a-"b', html`<i>${'<'}</i>`))).to.contain(
      'action="append" target="a-&#34;b"',
    )
    expect(String(turboStream('append', 'a', ' x\n'))).to.contain('<template> x\n</template>')
  })
})

describe('eventFrame', () => {
  it('begins a data line after every kind of line end', () => {
    expect(eventFrame('a\nb\r\nc\rd')).to.equal('data: a\ndata: b\ndata: c\ndata: d\n\n')
  })

  it('lets no text end the event or name another field', () => {
    const frame = eventFrame('x\n\nevent: y\nid: 1')
    expect(
      frame
        .trimEnd()
        .split('\n')
        .every((line) => line.startsWith('data: ')),
    ).to.equal(true)
  })
})
