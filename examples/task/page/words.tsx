import MarkdownIt from 'markdown-it'
import { memo, type ReactNode } from 'react'

/**
 * Models write Markdown, and what they write is hostile input: no HTML of theirs, no images (loading one tells its host who reads
 * what), and links only to the web.
 */
const markdown = new MarkdownIt({ html: false, linkify: false }).disable('image')
markdown.validateLink = (url) => /^(?:https?:\/\/|mailto:)/i.test(url.trim())
markdown.renderer.rules['link_open'] = (tokens, index, options, _env, self) => {
  tokens[index]?.attrSet('rel', 'noopener noreferrer nofollow')
  tokens[index]?.attrSet('target', '_blank')
  return self.renderToken(tokens, index, options)
}

/** A text of a model. One that has not changed is not made anew while others grow. */
export const Words = memo(function Words({ text }: { text: string }): ReactNode {
  // Made by the renderer above, which writes no markup of the text's own.
  return <div className="words" dangerouslySetInnerHTML={{ __html: markdown.render(text) }} />
})
