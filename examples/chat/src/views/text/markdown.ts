import MarkdownIt from 'markdown-it'
import { html, trustedHtml, type Html } from '@turnstead/reply/turbo'
import { codeBlock } from './code-block.js'
import { taskLists } from './task-list.js'

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

markdown.use(taskLists)

markdown.renderer.rules['fence'] = (tokens, index) => {
  const { content = '', info = '' } = tokens[index] ?? {}
  const language = info.trim().split(/[\s{,]/, 1)[0] ?? ''
  return codeBlock(content, language === '' ? null : language.toLowerCase()).toString()
}

markdown.renderer.rules['code_block'] = (tokens, index) =>
  codeBlock(tokens[index]?.content ?? '', null).toString()

markdown.renderer.rules['table_open'] = () =>
  '<div class="table-scroll" tabindex="0" role="group" aria-label="Table"><table>'
markdown.renderer.rules['table_close'] = () => '</table></div>'

for (const name of ['bullet_list_open', 'ordered_list_open']) {
  // Paragraphs turn round by style; a list has its marks on the side where it begins.
  markdown.renderer.rules[name] = (tokens, index, options, _env, self) => {
    tokens[index]?.attrSet('dir', 'auto')
    return self.renderToken(tokens, index, options)
  }
}

/** A longer text is put into chunks of about so many lines, which a page lays out where they are looked at. */
const longText = 20_000
const linesOfChunk = 150

export function renderMarkdown(source: string): Html {
  if (source.length <= longText) return trustedHtml(markdown.render(source))
  const environment = {}
  const tokens = markdown.parse(source, environment)
  const chunks: string[] = []
  let first = 0
  let firstLine = 0
  for (const [index, { nesting, level, map }] of tokens.entries()) {
    const line = map?.[0] ?? firstLine
    const isBlock = level === 0 && nesting >= 0
    if (!isBlock || line - firstLine < linesOfChunk) continue
    chunks.push(markdown.renderer.render(tokens.slice(first, index), markdown.options, environment))
    first = index
    firstLine = line
  }
  chunks.push(markdown.renderer.render(tokens.slice(first), markdown.options, environment))
  return html`${chunks.map((chunk) => html`<div class="chunk">${trustedHtml(chunk)}</div>`)}`
}
