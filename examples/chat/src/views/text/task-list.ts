import type { MarkdownIt, StateCore, Token } from 'markdown-it'
import { html } from '@turnstead/reply/turbo'

/** Shows `[ ]` and `[x]` at the beginning of list items as boxes. They are read, not clicked: the text is the agent's. */
export function taskLists(markdown: MarkdownIt): void {
  markdown.core.ruler.after('inline', 'task_lists', (state) => {
    const { tokens } = state
    for (const [index, token] of tokens.entries()) {
      const item = tokens[index - 2]
      if (token.type === 'inline' && item?.type === 'list_item_open') mark(state, token, item)
    }
  })
  markdown.renderer.rules['task_box'] = (tokens, index) => {
    const isDone = tokens[index]?.info === 'done'
    return String(
      html`<span class="tick" data-done="${String(isDone)}" role="img" aria-label="${isDone ? 'Done:' : 'To do:'}"></span>`,
    )
  }
}

function mark({ Token: NewToken }: StateCore, inline: Token, item: Token): void {
  const [first] = inline.children ?? []
  const found = first?.type === 'text' ? /^\[([ xX])\]\s+/.exec(first.content) : null
  if (first === undefined || found === null) return
  item.attrJoin('class', 'task')
  first.content = first.content.slice(found[0].length)
  const box = new NewToken('task_box', '', 0)
  box.info = found[1] === ' ' ? 'open' : 'done'
  inline.children?.unshift(box)
}
