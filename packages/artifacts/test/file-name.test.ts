import { expect } from 'chai'
import { describe, it } from 'mocha'

import { foldFileName, maxFileNameBytes, toFileName, toShownPath } from '../src/file-name.js'

describe('toFileName', () => {
  it('keeps ordinary names, in any script', () => {
    for (const name of [
      'a.txt',
      'Bericht 2026 (2).pdf',
      '漢字.md',
      'สวัสดี.csv',
      'a+b=c@d~e.tar.gz',
    ]) {
      expect(toFileName(name)).to.equal(name)
    }
    expect(toFileName('👩\u200d💻.png')).to.equal('👩\u200d💻.png')
    expect(toFileName('u\u0308ber.txt')).to.equal('über.txt')
  })

  it('takes path separators and characters that platforms reserve for underscores', () => {
    expect(toFileName('../../etc/passwd')).to.equal('__.._etc_passwd')
    expect(toFileName('..\\..\\boot.ini')).to.equal('__.._boot.ini')
    expect(toFileName('a<b>c:d"e|f?g*h.txt')).to.equal('a_b_c_d_e_f_g_h.txt')
    expect(toFileName('file.txt:stream')).to.equal('file.txt_stream')
  })

  it('removes what changes a name without being seen', () => {
    expect(toFileName('in\u202evoice\u2066gpj.exe')).to.equal('invoicegpj.exe')
    expect(toFileName('a\0b\nc\td\u0085e\u007f.txt')).to.equal('abcde.txt')
    expect(toFileName('\ufeffa\u200bb\u00adc\u2028d.txt')).to.equal('abcd.txt')
    expect(toFileName('a\ud800b.txt')).to.equal('ab.txt')
  })

  for (const [what, character] of [
    ['a variation selector', '\ufe0f'],
    ['a variation selector', '\ufe00'],
    ['a variation selector', '\u{e0100}'],
    ['a grapheme joiner', '\u034f'],
    ['a Mongolian selector', '\u180b'],
    ['a Khmer vowel', '\u17b4'],
    ['a Hangul filler', '\u115f'],
    ['a Hangul filler', '\u3164'],
    ['a Hangul filler', '\uffa0'],
    ['a Braille blank', '\u2800'],
    ['a tag', '\u{e0061}'],
    ['a noncharacter', '\ufdd0'],
    ['an unassigned ignorable', '\u{e0fff}'],
  ] as const) {
    const code = character.codePointAt(0)?.toString(16)
    it(`removes ${what} (${code}), and takes a name with it for the one without`, () => {
      const name = `rep${character}ort${character}.html`
      expect(toFileName(name)).to.equal('report.html')
      expect(toShownPath(`sub${character}/${name}`)).to.equal('sub/report.html')
      expect(foldFileName(name)).to.equal(foldFileName('report.html'))
    })
  }

  it('takes a device for one, whatever spaces are before its extension', () => {
    expect(toFileName('CON .txt')).to.equal('_CON .txt')
    expect(toFileName('com1  .tar.gz')).to.equal('_com1 .tar.gz')
  })

  it('takes names for one that some file system takes for one', () => {
    for (const [one, other] of [
      ['straße.txt', 'STRASSE.TXT'],
      ['ẞ', 'ss'],
      ['νόμος', 'νόμοσ'],
    ] as const) {
      expect(foldFileName(one), one).to.equal(foldFileName(other))
    }
  })

  it('lets no run of spaces push the extension out of sight', () => {
    expect(toFileName('invoice.pdf            \u3000\u00a0       .exe')).to.equal(
      'invoice.pdf .exe',
    )
  })

  it('has no dots or spaces at either end', () => {
    expect(toFileName('.bashrc')).to.equal('_bashrc')
    expect(toFileName('a.txt. . ')).to.equal('a.txt')
    expect(toFileName('  a.txt')).to.equal('a.txt')
    for (const name of ['.', '..', '...']) expect(toFileName(name)).to.equal('_')
    for (const name of ['', ' ', '\u202e']) expect(toFileName(name)).to.equal('file')
  })

  it('marks names of devices', () => {
    for (const name of ['CON', 'nul.txt', 'Aux.tar.gz', 'com1', 'LPT9.log', 'COM¹', 'conin$']) {
      expect(toFileName(name)).to.equal(`_${name}`)
    }
    for (const name of ['console.log', 'com10', 'null']) expect(toFileName(name)).to.equal(name)
  })

  it('shortens by bytes, between characters, and keeps the extension', () => {
    const long = toFileName(`${'漢'.repeat(100)}.tar.gz`)
    expect(long).to.equal(`${'漢'.repeat(65)}.gz`)
    expect(Buffer.byteLength(long)).to.be.at.most(maxFileNameBytes)
    expect(toFileName('😀'.repeat(60))).to.equal('😀'.repeat(50))
    expect(toFileName(`a.${'x'.repeat(300)}`)).to.have.length(maxFileNameBytes)
  })
})

describe('toShownPath', () => {
  it('keeps folders and removes what is invisible', () => {
    expect(toShownPath('src/[slug]/a:b.txt')).to.equal('src/[slug]/a:b.txt')
    expect(toShownPath('a\u202e/\n/b')).to.equal('a/_/b')
  })
})

describe('foldFileName', () => {
  it('is the same for names that look the same', () => {
    const names = [
      'report.html',
      'REPORT.html',
      'report.html.',
      're\u200cport.html',
      'ｒeport.html',
    ]
    expect(new Set(names.map(foldFileName))).to.deep.equal(new Set(['report.html']))
  })
})
