import MarkdownIt from 'markdown-it'

import { namedBySuffix, type Transform } from './transform.js'
import { checkCount, escapeHtml, toPage, toText } from './page.js'

/** Options of {@link markdownToHtml}. */
export interface MarkdownOptions {
  /** Most bytes of the file to read. Default: 512 KiB. */
  readonly maxBytes?: number | undefined
}

/**
 * A `.md` file as a page: `report.md` gets `report.md.html`. Markup in it is shown as text. Links lead to the web or to mail only; images are
 * not loaded, since that would tell their host who reads what: their description is shown.
 *
 * @throws RangeError for a bound that is no whole number above 0.
 */
export function markdownToHtml(options: MarkdownOptions = {}): Transform {
  const markdown = createRenderer()
  return {
    name: 'markdown-to-html',
    maxSourceBytes: checkCount('maxBytes', options.maxBytes ?? 524_288),
    ...namedBySuffix({ from: ['.md', '.markdown'], add: '.html' }),
    render: ({ name, bytes, isCut }) => {
      const notes = isCut ? ['Only the beginning is shown.'] : []
      return toPage({ name, body: markdown.render(toText(bytes, isCut)).trimEnd(), notes })
    },
  }
}

function createRenderer(): InstanceType<typeof MarkdownIt> {
  const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false })
  markdown.validateLink = (url) => /^(?:https?:\/\/|mailto:)/i.test(url.trim())
  markdown.renderer.rules['link_open'] = (tokens, index, rules, _env, self) => {
    tokens[index]?.attrSet('rel', 'noopener noreferrer nofollow')
    return self.renderToken(tokens, index, rules)
  }
  markdown.renderer.rules['image'] = (tokens, index) => {
    const description = tokens[index]?.content
    return `<span>[${escapeHtml(description === undefined || description === '' ? 'image' : description)}]</span>`
  }
  return markdown
}
