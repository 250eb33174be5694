import type { Reply, ReplyPart } from '@turnstead/reply'
import type { Html } from '@turnstead/reply/turbo'
import { createLiveText, type LiveText } from './live-text.js'
import { turboStream } from './turbo-stream.js'
import { partElementId, partView } from './views/parts.js'
import { toolBody, toolSummary } from './views/tool.js'
import { partsElementId } from './views/turn.js'

/** Knows what the open pages show of each part, and changes only what differs. */
export interface PartPainter {
  /** What brings the pages up to date after these parts changed. */
  paint(reply: Reply, partIds: Iterable<string>): Html[]
  /** All parts, for a page that comes now and follows the changes from here. */
  view(reply: Reply): Html[]
  /** From now on every part is shown as it ended. */
  settle(): void
}

export interface PartPainterOptions {
  readonly turnId: number
  /** The agent's folder. */
  readonly directory: string
}

export function createPartPainter({ turnId, directory }: PartPainterOptions): PartPainter {
  /** What is shown, by part; `writing` for a text that is being written. */
  const shown = new Map<string, string>()
  const texts = new Map<string, LiveText>()
  let isLive = true

  function paintPart(reply: Reply, part: ReplyPart): Html[] {
    const wasShown = shown.get(part.id)
    if (isLive && isBeingWritten(part)) {
      const changes = textOf(part.id).update(part.text)
      if (wasShown === 'writing') return changes
    } else {
      texts.delete(part.id)
    }
    const view = viewOf(part)
    if (view === null) return []
    const nowShown = texts.has(part.id) ? 'writing' : String(view)
    if (nowShown === wasShown) return []
    shown.set(part.id, nowShown)
    return wasShown === undefined ? [insert(reply, part.id, view)] : replace(part, view)
  }

  function insert(reply: Reply, partId: string, view: Html): Html {
    const { parts } = reply
    const index = parts.findIndex(({ id }) => id === partId)
    const previous = parts.slice(0, index).findLast(({ id }) => shown.has(id))
    return previous === undefined
      ? turboStream('prepend', partsElementId(turnId), view)
      : turboStream('after', partElementId(previous.id), view)
  }

  function replace(part: ReplyPart, view: Html): Html[] {
    const elementId = partElementId(part.id)
    if (part.kind !== 'tool') return [turboStream('replace', elementId, view)]
    // Only its contents, so that a call that the reader opened stays open.
    const summary = toolSummary(part, { elementId, isLive, directory })
    return [
      turboStream('update', `${elementId}-summary`, summary),
      turboStream('update', `${elementId}-body`, toolBody(part)),
    ]
  }

  function erase(partId: string): Html[] {
    texts.delete(partId)
    return shown.delete(partId) ? [turboStream('remove', partElementId(partId))] : []
  }

  function textOf(partId: string): LiveText {
    const text = texts.get(partId) ?? createLiveText(`${partElementId(partId)}-text`)
    texts.set(partId, text)
    return text
  }

  function viewOf(part: ReplyPart): Html | null {
    const writing = texts.get(part.id)?.view()
    return partView(part, { isLive, directory, ...(writing === undefined ? {} : { writing }) })
  }

  return {
    paint(reply, partIds) {
      return [...partIds].flatMap((id) => {
        const part = reply.part(id)
        if (part === null) return erase(id)
        // What a sub-agent does stands in a session of its own; here only its tool call is shown.
        return part.sessionId === reply.sessionId ? paintPart(reply, part) : []
      })
    },
    view: (reply) => reply.parts.flatMap((part) => viewOf(part) ?? []),
    settle() {
      isLive = false
    },
  }
}

/** The server has not stated the whole text yet, and still may. */
export function isBeingWritten(
  part: ReplyPart,
): part is Extract<ReplyPart, { kind: 'text' | 'reasoning' }> {
  return (part.kind === 'text' || part.kind === 'reasoning') && !part.final && !part.lost
}
