import type { Change, Reply, ReplyPart } from '@turnstead/reply'
import type { Html } from './html.js'
import { createLiveText, type LiveText } from './live-text.js'
import { turboStream } from './turbo-stream.js'
import { partElementId, partView } from './views/parts.js'
import { toolBody, toolName, toolSummary } from './views/tool.js'
import { partsElementId, standingElementId, standingLine, type Standing } from './views/turn.js'

/** Changes of the page are gathered this long: quick enough to look live, slow enough to stay calm. */
const gatherMs = 40

/** A turn that waits or runs in this process, as the open pages see it. */
export interface LiveTurn {
  /** Follows this reply; a turn whose session had to be made anew gets a second one. */
  follow(reply: Reply): void
  /** Says where the turn stands until the next sign of life of the agent; null takes it back. */
  say(trouble: string | null): void
  /** A person wants it to end. */
  sayStopping(): void
  /** What a page that comes now shows; all other pages are brought to the same point first. */
  view(): { readonly parts: readonly Html[]; readonly standing: Standing }
  /** Shows every part as it ended. No change comes after this. */
  finish(): void
}

export interface LiveTurnOptions {
  readonly turnId: number
  /** The agent's folder. */
  readonly directory: string
  /** Shows changes on every open page of the conversation. */
  readonly publish: (changes: readonly Html[]) => void
}

export function createLiveTurn({ turnId, directory, publish }: LiveTurnOptions): LiveTurn {
  /** What the pages show of each part; `writing` for a text that is being written. */
  const shown = new Map<string, string>()
  const texts = new Map<string, LiveText>()
  const changed = new Set<string>()
  let reply: Reply | null = null
  let unfollow = (): void => undefined
  let trouble: string | null = null
  let isStopping = false
  let isLive = true
  let shownStanding = ''
  let timer: NodeJS.Timeout | null = null

  const flushSoon = (): void => {
    timer ??= setTimeout(flush, gatherMs)
  }

  function hear(change: Change): void {
    if ('part' in change) changed.add(change.part.id)
    if ('partId' in change) changed.add(change.partId)
    if (change.type === 'retried') trouble = 'The model’s provider failed. OpenCode tries again'
    else if ('part' in change || change.type === 'text-delta') trouble = null
    flushSoon()
  }

  function flush(): void {
    if (timer !== null) clearTimeout(timer)
    timer = null
    const changes = [...changed].flatMap((id) => {
      const part = reply?.part(id) ?? null
      if (part === null) return removalOf(id)
      // What a sub-agent does stands in a session of its own; here only its tool call is shown.
      return part.sessionId === reply?.sessionId ? changesOf(part) : []
    })
    changed.clear()
    publish([...changes, ...standingChanges()])
  }

  function removalOf(partId: string): Html[] {
    texts.delete(partId)
    return shown.delete(partId) ? [turboStream('remove', partElementId(partId))] : []
  }

  function changesOf(part: ReplyPart): Html[] {
    const elementId = partElementId(part.id)
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
    if (wasShown === undefined) return [insertionOf(part.id, view)]
    if (part.kind !== 'tool') return [turboStream('replace', elementId, view)]
    const options = { elementId, isLive, directory }
    return [
      turboStream('update', `${elementId}-summary`, toolSummary(part, options)),
      turboStream('update', `${elementId}-body`, toolBody(part)),
    ]
  }

  function insertionOf(partId: string, view: Html): Html {
    const parts = reply?.parts ?? []
    const index = parts.findIndex(({ id }) => id === partId)
    const previous = parts.slice(0, index).findLast(({ id }) => shown.has(id))
    return previous === undefined
      ? turboStream('prepend', partsElementId(turnId), view)
      : turboStream('after', partElementId(previous.id), view)
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

  function standingChanges(): Html[] {
    if (!isLive) return []
    const line = standingLine(turnId, currentStanding())
    if (String(line) === shownStanding) return []
    shownStanding = String(line)
    return [turboStream('replace', standingElementId(turnId), line)]
  }

  function currentStanding(): Standing {
    if (isStopping) return { kind: 'live', tone: 'calm', text: 'Stopping' }
    if (trouble !== null) return { kind: 'live', tone: 'warn', text: trouble }
    if (reply === null) return { kind: 'live', tone: 'calm', text: 'Starting' }
    const last = (reply?.parts ?? []).findLast(
      (part) => part.kind === 'tool' || isBeingWritten(part),
    )
    if (last?.kind === 'tool' && (last.status === 'pending' || last.status === 'running')) {
      return { kind: 'live', tone: 'calm', text: `Working: ${toolName(last.tool)}` }
    }
    return { kind: 'live', tone: 'calm', text: last?.kind === 'text' ? 'Writing' : 'Thinking' }
  }

  return {
    follow(next) {
      unfollow()
      for (const part of reply?.parts ?? []) changed.add(part.id)
      reply = next
      for (const part of reply?.parts ?? []) changed.add(part.id)
      unfollow = next.observe({ changed: hear })
      flushSoon()
    },
    say(text) {
      trouble = text
      flushSoon()
    },
    sayStopping() {
      isStopping = true
      flushSoon()
    },
    view() {
      flush()
      const parts = (reply?.parts ?? []).flatMap((part) => viewOf(part) ?? [])
      return { parts, standing: currentStanding() }
    },
    finish() {
      unfollow()
      isLive = false
      for (const part of reply?.parts ?? []) changed.add(part.id)
      flush()
    },
  }
}

function isBeingWritten(part: ReplyPart): part is ReplyPart & { kind: 'text' | 'reasoning' } {
  return (part.kind === 'text' || part.kind === 'reasoning') && !part.final && !part.lost
}
