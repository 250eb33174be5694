import { expect } from 'chai'
import { describe, it } from 'mocha'

import { isInlineSafe, toSafeContentType } from '../src/content-type.js'

describe('toSafeContentType', () => {
  it('knows harmless types by their extension', () => {
    expect(toSafeContentType('a.png')).to.equal('image/png')
    expect(toSafeContentType('a.PDF')).to.equal('application/pdf')
    expect(toSafeContentType('a.json')).to.equal('application/json')
    expect(toSafeContentType('a.csv')).to.equal('text/csv; charset=utf-8')
    expect(toSafeContentType('a.md')).to.equal('text/markdown; charset=utf-8')
    expect(toSafeContentType('a.docx')).to.match(/wordprocessingml/)
  })

  it('gives plain bytes for everything that could act, and everything unknown', () => {
    const names = [
      'a.html',
      'a.htm',
      'a.xhtml',
      'a.svg',
      'a.svgz',
      'a.xml',
      'a.xsl',
      'a.js',
      'a.mjs',
    ]
    const more = [
      'a.css',
      'a.swf',
      'a.exe',
      'a.mht',
      'a.wasm',
      'a.ts',
      'a',
      '.png',
      'png',
      'a.png.zz',
      '',
    ]
    for (const name of [...names, ...more]) {
      expect(toSafeContentType(name), name).to.equal('application/octet-stream')
    }
  })

  it('shows only what nothing in it can act', () => {
    for (const name of ['a.png', 'a.jpg', 'a.txt', 'a.mp4', 'a.mp3']) {
      expect(isInlineSafe(toSafeContentType(name)), name).to.equal(true)
    }
    for (const name of ['a.pdf', 'a.svg', 'a.html', 'a.json', 'a.zip', 'a.xyz']) {
      expect(isInlineSafe(toSafeContentType(name)), name).to.equal(false)
    }
    expect(isInlineSafe('text/html')).to.equal(false)
    expect(isInlineSafe('image/svg+xml')).to.equal(false)
  })
})
