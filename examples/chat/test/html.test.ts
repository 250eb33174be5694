import { expect } from 'chai'
import { describe, it } from 'mocha'
import { html, trusted } from '../src/html.js'

describe('html', () => {
  it('escapes text and attribute values', () => {
    const hostile = `"><script>alert('1')</script>&\``
    const markup = String(html`<p title="${hostile}">${hostile}</p>`)
    expect(markup).to.equal(
      '<p title="&#34;&#62;&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;&#38;&#96;">' +
        '&#34;&#62;&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;&#38;&#96;</p>',
    )
  })

  it('leaves markup of its own alone, at any depth', () => {
    const items = ['a<b', 'c'].map((text) => html`<i>${text}</i>`)
    expect(String(html`<b>${items}</b>`)).to.equal('<b><i>a&#60;b</i><i>c</i></b>')
  })

  it('renders nothing for null, undefined and false, and a zero as a zero', () => {
    expect(String(html`${null}${undefined}${false}${0}`)).to.equal('0')
  })

  it('takes only what is marked as trusted', () => {
    expect(String(html`${trusted('<b>')}${'<b>'}`)).to.equal('<b>&#60;b&#62;')
  })

  it('does not take an object that only looks like markup', () => {
    const fake = JSON.parse('{"markup":"<script>"}') as string
    expect(() => String(html`${fake}`)).to.throw(TypeError)
  })
})
