import { expect } from 'chai'
import { describe, it } from 'mocha'
import { renderMarkdown } from '../src/views/text/markdown.js'

const render = (source: string): string => String(renderMarkdown(source))

describe('renderMarkdown', () => {
  it('renders what people write', () => {
    expect(render('**bold** and `code`')).to.equal(
      '<p><strong>bold</strong> and <code>code</code></p>\n',
    )
    expect(render('| a |\n|---|\n| b |')).to.contain('<td>b</td>')
  })

  it('shows HTML as text', () => {
    for (const source of [
      '<script>alert(1)</script>',
      '<img src=x onerror=alert(1)>',
      'a <b onclick="x">b</b>',
      '<svg/onload=alert(1)>',
      '<turbo-stream action="remove" target="turns"></turbo-stream>',
    ]) {
      expect(render(source), source).not.to.match(/<(?:script|img|b|svg|turbo-stream)/)
    }
  })

  it('opens links in a new tab that knows nothing of this one', () => {
    expect(render('[a](https://example.com/?a=1&b="2)')).not.to.contain(
      'href="https://example.com/?a=1&b="',
    )
    expect(render('[a](https://example.com)')).to.equal(
      '<p><a href="https://example.com" rel="noopener noreferrer nofollow" target="_blank">a</a></p>\n',
    )
    expect(render('https://example.com')).to.contain('target="_blank"')
    expect(render('<https://example.com>')).to.contain('target="_blank"')
  })

  const otherLink = /href="(?!https:\/\/)/

  it('makes no link of anything but the web and mail', () => {
    for (const url of [
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      'java\nscript:alert(1)',
      '&#x6A;avascript:alert(1)',
      '%6Aavascript:alert(1)',
      ' javascript:alert(1)',
      'data:text/html,<script>alert(1)</script>',
      'data:image/svg+xml;base64,PHN2Zz4=',
      'vbscript:x',
      'file:///etc/passwd',
      'blob:https://example.com/1',
      '//evil.example/x',
      '/messages/1/stop',
    ]) {
      expect(render(`[a](${url})`), url).not.to.match(otherLink)
      expect(render(`[a](<${url}>)`), url).not.to.match(otherLink)
      expect(render(`[a][r]\n\n[r]: ${url}`), url).not.to.match(otherLink)
    }
  })

  it('loads no image, and shows what it would have been', () => {
    const markup = render('![a <b> "pixel"](https://evil.example/p.png?secret=1)')
    expect(markup).not.to.contain('<img')
    expect(markup).not.to.contain('evil.example')
    expect(markup).to.contain('a &#60;b&#62; &#34;pixel&#34;')
  })

  it('keeps the language of a fence out of the markup it could break', () => {
    expect(render('```"><script>\nx\n```')).not.to.contain('<script')
  })

  it('leaves file names alone', () => {
    expect(render('see setup.py and notes.md')).not.to.contain('<a ')
  })
})
