import type { ReplySource } from '@turnstead/reply'
import {
  createTurboRenderer,
  html,
  turboStream,
  withoutRoots,
  type TurboRenderer,
} from '@turnstead/reply/turbo'
import { askForm } from './asks.js'
import { renderMarkdown } from './markdown.js'
import { partView } from './parts.js'
import { toolBody, toolSummary } from './tool.js'
import { turnElementId } from './turn.js'

export interface ReplyViewOptions {
  readonly turnId: number
  /** Folders of this machine whose paths no page shall see: what is in them is shown without them. */
  readonly roots: readonly string[]
}

/** How this application shows a reply, live and from its row. */
export function createReplyView(reply: ReplySource, options: ReplyViewOptions): TurboRenderer {
  const { turnId, roots } = options
  return createTurboRenderer(reply, {
    prefix: turnElementId(turnId),
    root: roots,
    renderText: (source) => renderMarkdown(withoutRoots(source, roots)),
    templates: {
      part: partView,
      partUpdate(part, { elementId }) {
        if (part.kind !== 'tool') return null
        // Only its contents, so that a call that the reader opened stays open.
        return html`${turboStream('update', `${elementId}-summary`, toolSummary(part))}
        ${turboStream('update', `${elementId}-body`, toolBody(part))}`
      },
      ask: (ask, context) => askForm(turnId, ask, context),
      // The plan is in the tool calls, and how the turn stands is said by the row as well.
      todos: () => null,
      status: () => null,
    },
  })
}
