import type { ReplyPart, ReplySource } from '@turnstead/reply'
import {
  createTurboRenderer,
  html,
  turboStream,
  withoutRoots,
  type TurboRenderer,
} from '@turnstead/reply/turbo'
import { askForm } from './asks.js'
import { renderMarkdown } from './text/markdown.js'
import { partView } from './parts.js'
import { isPlan, toolBody, toolSummary } from './tools/tool.js'
import { turnElementId } from './turn.js'

export interface ReplyViewOptions {
  readonly turnId: number
  /** Folders of this machine whose paths no page shall see: what is in them is shown without them. */
  readonly roots: readonly string[]
}

/** How this application shows a reply, live and from its row. */
export function createReplyView(reply: ReplySource, options: ReplyViewOptions): TurboRenderer {
  const { turnId, roots } = options
  const picturesAt = `/messages/${turnId}/pictures`
  /** A newer plan has taken its place. */
  const isOutdated = (part: ReplyPart): boolean => {
    if (part.kind !== 'tool' || !isPlan(part)) return false
    const newest = reply.view().parts.findLast((each) => each.kind === 'tool' && isPlan(each))
    return newest?.id !== part.id
  }
  return createTurboRenderer(reply, {
    prefix: turnElementId(turnId),
    root: roots,
    renderText: (source) => renderMarkdown(withoutRoots(source, roots)),
    templates: {
      part: (part, context) =>
        partView(part, { ...context, picturesAt, isOutdated: isOutdated(part) }),
      partUpdate(part, context) {
        // A question opens when it is answered.
        if (part.kind !== 'tool' || part.tool === 'question') return null
        const { elementId } = context
        // Only its contents, so that a call that the reader opened stays open.
        return html`${turboStream('update', `${elementId}-summary`, toolSummary(part))}
        ${turboStream('update', `${elementId}-body`, toolBody(part, { ...context, picturesAt }))}`
      },
      ask: (ask, context) => askForm(turnId, ask, context),
      // The plan is in the tool calls, and how the turn stands is said by the row as well.
      todos: () => null,
      status: () => null,
    },
  })
}
