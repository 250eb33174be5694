import MarkdownIt from 'markdown-it'
import { html, trustedHtml, type Html } from '@turnstead/reply/turbo'

/**
 * What the agent writes is hostile input: no raw HTML, no images (loading one tells its host who reads
 * what), links only to the web and never in this tab. The page's content security policy holds as well.
 */
const markdown = new MarkdownIt({ html: false, linkify: true, breaks: false, typographer: false })

markdown.validateLink = (url: string): boolean => /^(?:https?:\/\/|mailto:)/i.test(url.trim())
// `example.com` stays text: guessing turns file names such as `setup.py` into links.
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false })

markdown.renderer.rules['link_open'] = (tokens, index, options, _env, self) => {
  const token = tokens[index]
  token?.attrSet('rel', 'noopener noreferrer nofollow')
  token?.attrSet('target', '_blank')
  return self.renderToken(tokens, index, options)
}

markdown.renderer.rules['image'] = (tokens, index) => {
  const token = tokens[index]
  return html`<span class="blocked-image" title="Images of the agent are not loaded">
    ${token?.content || 'image'}</span
  >`.toString()
}

markdown.renderer.rules['table_open'] = () => '<div class="table-scroll"><table>'
markdown.renderer.rules['table_close'] = () => '</table></div>'

export function renderMarkdown(source: string): Html {
  return trustedHtml(markdown.render(source))
}
