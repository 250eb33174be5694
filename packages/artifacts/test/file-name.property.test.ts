import { parse } from 'content-disposition'
import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'

import { contentDisposition } from '../src/serve/content-disposition.js'
import { maxFileNameBytes, toFileName, toShownPath } from '../src/file-name.js'

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.string({ unit: 'grapheme', maxLength: 400 }),
  fc
    .array(
      fc.constantFrom(
        '.',
        ' ',
        '/',
        '\\',
        '\u202e',
        '\0',
        '\r',
        '\n',
        'con',
        '"',
        '%41',
        '漢',
        ';',
      ),
    )
    .map((parts) => parts.join('')),
  fc.array(fc.integer({ min: 0xd7f0, max: 0xe010 })).map((units) => String.fromCharCode(...units)),
)

describe('file names, for any text', () => {
  it('are safe, short, and stay as they are when made again', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const name = toFileName(text)
        expect(name).to.not.match(/[/\\<>:"|?*\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|^[. ]|[. ]$/u)
        expect(name).to.not.match(/[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/)
        expect(name).to.not.match(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i)
        expect(Buffer.byteLength(name)).to.be.within(1, maxFileNameBytes)
        expect(toFileName(name)).to.equal(name)
      }),
    )
  })

  it('come back from the header that carries them', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom('inline', 'attachment'), (text, kind) => {
        const header = contentDisposition(kind, text)
        expect(header).to.match(/^[\x20-\x7e]+$/)
        const parsed = parse(header)
        expect(parsed.type).to.equal(kind)
        expect(parsed.parameters['filename']).to.equal(toFileName(text))
      }),
    )
  })

  it('leave shown paths without anything invisible', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const path = toShownPath(text)
        expect(path).to.not.match(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u)
        expect(path.split('/')).to.have.length(text.split('/').length)
      }),
    )
  })
})
