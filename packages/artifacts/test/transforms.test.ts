import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'

import type { Transform } from '../src/transforms/transform.js'
import { csvPreview, jsonPage, markdownToHtml } from '../src/transforms.js'
import { parseCsv } from '../src/transforms/csv.js'
import { indentJson } from '../src/transforms/indent-json.js'

const signal = new AbortController().signal

/** What is in the page, between `<main>` and its end. */
async function show(
  transform: Transform,
  text: string | Uint8Array,
  name = 'a',
  isCut = false,
): Promise<string> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const page = await transform.render({ name, bytes, isCut, signal })
  const body = /<main>\n([^]*)<\/main>/.exec(Buffer.from(page).toString())?.[1]
  return (body ?? '').trim()
}

/** Tags of this package's own; whatever else begins with `<` came from the agent. */
const ownTag =
  /<(?:\/?(?:p|em|strong|s|span|ul|ol|li|h[1-6]|pre|code|blockquote|table|thead|tbody|tr|td|th|hr|br|a)|a href="(?:https?:|mailto:)[^"<>]*"(?: title="[^"<>]*")? rel="noopener noreferrer nofollow"|(?:ol start="\d+")|(?:t[dh] style="text-align:\w+")|code class="language-[^"<>]*")>/g

const hostile = fc.string({
  unit: fc.constantFrom(
    ...[
      '<script>',
      '</main>',
      '</pre>',
      '<img src=x onerror=alert(1)>',
      '"',
      "'",
      '&',
      '<',
      '>',
      '\n',
      '\r\n',
    ],
    ...[
      ',',
      '\t',
      '=1+1',
      '`',
      '```\n',
      '[a](javascript:alert(1))',
      '![a](http://x/y.png "t")',
      '# ',
      '* ',
      '|',
      '-',
    ],
    ...[
      '<http://a.b>',
      '[b](https://c.d "<b>")',
      '{',
      '}',
      '[',
      ']',
      ':',
      '\\',
      '\0',
      '\u202e',
      '😀',
      ' ',
      'a',
    ],
  ),
  maxLength: 40,
})

describe('transforms', () => {
  const all = [markdownToHtml(), csvPreview(), jsonPage()]

  it('take files by the ends of their names, in any case, and own what they make', () => {
    const names = ['a.md', 'B.MARKDOWN', 'c.CSV', 'd.tsv', 'e.json', 'f.html', 'md', '.md']
    const found = names.map((name) =>
      all.map((each) => each.destinationOf(name)).find((each) => each !== null),
    )
    expect(found).to.deep.equal([
      ...['a.md.html', 'B.MARKDOWN.html', 'c.CSV.html', 'd.tsv.html', 'e.json.html'],
      ...[undefined, undefined, '.md.html'],
    ])
    const owned = (name: string): boolean => all.some((each) => each.owns(name))
    expect(['a.md.html', 'x.json.html'].every(owned)).to.equal(true)
    expect(['index.html', 'a.md', 'a.md.htm', 'md.html.txt'].some(owned)).to.equal(false)
  })

  it('make pages that hold no script and nothing of the agent’s but text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...all),
        hostile,
        fc.boolean(),
        async (each, text, isCut) => {
          const shown = await show(each, text, `${text}.csv`, isCut)
          expect(shown.replace(ownTag, '')).not.to.match(/</)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('make pages with their own policy, and titles that are only text', async () => {
    for (const each of all) {
      const source = { name: '</title><script>.md', bytes: Buffer.from(''), isCut: false, signal }
      const page = Buffer.from(await each.render(source)).toString()
      expect(page).to.match(/^<!doctype html>/)
      expect(page).to.include(`content="default-src 'none'; style-src 'unsafe-inline'"`)
      expect(page).to.include('<title>__title__script_.md</title>')
    }
  })

  it('refuse bounds that are none', () => {
    expect(() => markdownToHtml({ maxBytes: 0 })).to.throw(RangeError, 'maxBytes')
    expect(() => csvPreview({ maxRows: 1.5 })).to.throw(RangeError, 'maxRows')
    expect(() => jsonPage({ maxLength: -1 })).to.throw(RangeError, 'maxLength')
  })

  describe('markdownToHtml', () => {
    const markdown = markdownToHtml()

    it('renders, with markup as text, links to the web alone, and no images', async () => {
      expect(await show(markdown, '# Hi *you*\n<b>x</b>')).to.equal(
        '<h1>Hi <em>you</em></h1>\n<p>&lt;b&gt;x&lt;/b&gt;</p>',
      )
      expect(await show(markdown, '[a](https://b.c) <mailto:d@e.f>')).to.equal(
        '<p><a href="https://b.c" rel="noopener noreferrer nofollow">a</a> <a href="mailto:d@e.f" rel="noopener noreferrer nofollow">mailto:d@e.f</a></p>',
      )
      for (const url of [
        'javascript:x',
        ' JaVaScript:x',
        'data:text/html,x',
        'file:///x',
        '/x',
        '//x',
      ]) {
        expect(await show(markdown, `[a](${url})`), url).not.to.include('<a')
      }
      expect(await show(markdown, '![chart](https://b.c/d.png)')).to.equal(
        '<p><span>[chart]</span></p>',
      )
    })

    it('says when it shows only the beginning, and cuts no character in two', async () => {
      const bytes = Buffer.from('ab€').subarray(0, 4)
      expect(await show(markdown, bytes, 'a', true)).to.equal(
        '<p>ab</p>\n<p><em>Only the beginning is shown.</em></p>',
      )
    })
  })

  describe('csvPreview', () => {
    it('shows a table, the first row as its head', async () => {
      expect(await show(csvPreview(), '\ufeffa,b\r\n1,"2,""x"""\r\n', 'a.csv')).to.equal(
        '<table>\n<tr><th>a</th><th>b</th></tr>\n<tr><td>1</td><td>2,&quot;x&quot;</td></tr>\n</table>',
      )
      expect(await show(csvPreview(), 'a\tb,c', 'a.tsv')).to.include('<th>a</th><th>b,c</th>')
    })

    it('shows no more than its bounds, and says so', async () => {
      const preview = csvPreview({ maxRows: 2, maxColumns: 1, maxCellLength: 3 })
      expect(await show(preview, 'abcd,b\n1,2\n3,4\n', 'a.csv')).to.equal(
        '<table>\n<tr><th>abc…</th></tr>\n<tr><td>1</td></tr>\n</table>\n' +
          '<p><em>Only the first 2 rows are shown.</em></p>\n<p><em>Only the first 1 columns are shown.</em></p>',
      )
    })

    it('keeps formulas text wherever they are pasted, and numbers numbers', async () => {
      const cells = [
        '=1+1',
        '+SUM(A1)',
        '@x',
        '-a',
        ' =1',
        '＝1',
        '-5',
        '+1.5e3',
        '-12%',
        'a=b',
        '',
      ]
      const shown = await show(csvPreview(), cells.join(','), 'a.csv')
      const texts = [...shown.matchAll(/<th>([^<]*)/g)].map(([, text]) => text)
      expect(texts).to.deep.equal([
        ...['&#39;=1+1', '&#39;+SUM(A1)', '&#39;@x', '&#39;-a', '&#39; =1', '&#39;＝1'],
        ...['-5', '+1.5e3', '-12%', 'a=b', ''],
      ])
    })
  })

  describe('parseCsv', () => {
    const bounds = { separator: ',', maxRows: 1000, maxColumns: 1000 }

    it('reads what RFC 4180 writes', () => {
      const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ') })
      const table = fc.array(fc.array(field, { minLength: 1 }), { minLength: 1 })
      fc.assert(
        fc.property(
          table,
          fc.constantFrom('\n', '\r\n', '\r'),
          fc.boolean(),
          (rows, end, isEnded) => {
            const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`
            const text =
              rows.map((row) => row.map(quote).join(',')).join(end) + (isEnded ? end : '')
            expect(parseCsv(text, bounds).rows).to.deep.equal(rows)
          },
        ),
      )
    })

    it('reads bare and malformed fields as they are', () => {
      const rows = (text: string): unknown => parseCsv(text, bounds).rows
      expect(rows('')).to.deep.equal([])
      expect(rows('a,,b\n\n,')).to.deep.equal([['a', '', 'b'], [''], ['', '']])
      expect(rows('a"b,"c"d,"open\n')).to.deep.equal([['a"b', 'cd', 'open\n']])
    })
  })

  describe('jsonPage', () => {
    it('indents, and leaves numbers, order and doubled keys as they are', async () => {
      const text = '{"a":12345678901234567890,"a":[1.0,{}],"<":"\\"{"}'
      expect(await show(jsonPage(), text)).to.equal(
        '<pre>\n{\n  &quot;a&quot;: 12345678901234567890,\n  &quot;a&quot;: [\n    1.0,\n    {}\n  ],\n' +
          '  &quot;&lt;&quot;: &quot;\\&quot;{&quot;\n}</pre>',
      )
    })

    it('shows what is no JSON as it is, and says so', async () => {
      expect(await show(jsonPage(), '{a: <b>')).to.equal(
        '<pre>\n{a: &lt;b&gt;</pre>\n<p><em>This is no valid JSON.</em></p>',
      )
    })

    it('indents as `JSON.stringify` does', () => {
      fc.assert(
        fc.property(fc.json({ maxDepth: 5 }), (text) => {
          const value: unknown = JSON.parse(text)
          expect(indentJson(JSON.stringify(value), Infinity)).to.equal(
            JSON.stringify(value, null, 2),
          )
        }),
      )
    })

    it('does not grow without bound on what is nested deeply', () => {
      const shown = indentJson('['.repeat(200_000), 100_000)
      expect(shown).to.have.length(100_000)
    })
  })
})
