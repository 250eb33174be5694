import type { Change, Reply } from '@turnstead/reply'
import type { Html } from '@turnstead/reply/turbo'
import { createPartPainter, isBeingWritten } from './part-painter.js'
import { turboStream } from './turbo-stream.js'
import { askElementId, askForm, asksElementId, type AskView } from './views/asks.js'
import { toolName } from './views/tool.js'
import { standingElementId, standingLine, type Standing } from './views/turn.js'

/** Changes of the page are gathered this long: quick enough to look live, slow enough to stay calm. */
const gatherMs = 40

/** A turn that waits or runs in this process, as the open pages see it. */
export interface LiveTurn {
  /** Follows this reply; a turn whose session had to be made anew gets a second one. */
  follow(reply: Reply): void
  /** Says what is wrong until the agent's next sign of life; null takes it back. */
  say(trouble: string | null): void
  /** A person wants it to end. */
  sayStopping(): void
  /** What a page that comes now shows; all other pages are brought to the same point first. */
  view(): {
    readonly parts: readonly Html[]
    readonly asks: readonly AskView[]
    readonly standing: Standing
  }
  /** What waits for a person, until one stops the turn. */
  openAsks(): readonly AskView[]
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
  const painter = createPartPainter({ turnId, directory })
  const changed = new Set<string>()
  let reply: Reply | null = null
  let unfollow = (): void => undefined
  let trouble: string | null = null
  let isStopping = false
  let isOver = false
  let shownAsks: readonly string[] = []
  let shownStanding = ''
  let timer: NodeJS.Timeout | null = null

  const flushSoon = (): void => {
    timer ??= setTimeout(flush, gatherMs)
  }

  function flush(): void {
    if (timer !== null) clearTimeout(timer)
    timer = null
    const changes = reply === null ? [] : painter.paint(reply, changed)
    changed.clear()
    changes.push(...paintAsks())
    const line = standingLine(standing())
    if (String(line) !== shownStanding) {
      shownStanding = String(line)
      changes.push(turboStream('update', standingElementId(turnId), line))
    }
    publish(changes)
  }

  /** One by one: an answer that somebody is typing stays where it is. */
  function paintAsks(): Html[] {
    const asks = openAsks()
    const openIds = asks.map(({ ask }) => ask.id)
    const gone = shownAsks.filter((id) => !openIds.includes(id))
    const fresh = asks.filter(({ ask }) => !shownAsks.includes(ask.id))
    shownAsks = openIds
    return [
      ...gone.map((id) => turboStream('remove', askElementId(id))),
      ...fresh.map((each) => turboStream('append', asksElementId(turnId), askForm(turnId, each))),
    ]
  }

  function openAsks(): readonly AskView[] {
    return reply === null || isStopping || isOver ? [] : openAsksOf(reply)
  }

  function hear(change: Change): void {
    if ('part' in change) changed.add(change.part.id)
    if ('partId' in change) changed.add(change.partId)
    if (change.type === 'retried') trouble = 'The model’s provider failed. OpenCode tries again'
    else if ('part' in change || change.type === 'text-delta') trouble = null
    flushSoon()
  }

  function touchAll(): void {
    for (const { id } of reply?.parts ?? []) changed.add(id)
  }

  function standing(): Standing {
    if (isStopping) return { kind: 'live', tone: 'calm', text: 'Stopping' }
    if (trouble !== null) return { kind: 'live', tone: 'warn', text: trouble }
    if (openAsks().length > 0)
      return { kind: 'live', tone: 'warn', text: 'Waiting for your answer' }
    return { kind: 'live', tone: 'calm', text: activityOf(reply) }
  }

  return {
    follow(next) {
      unfollow()
      touchAll()
      reply = next
      touchAll()
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
      const parts = reply === null ? [] : painter.view(reply)
      return { parts, asks: openAsks(), standing: standing() }
    },
    openAsks,
    finish() {
      isOver = true
      unfollow()
      painter.settle()
      touchAll()
      flush()
    },
  }
}

/** What waits for a person in this reply, with the calls that are known. */
export function openAsksOf(reply: Reply): AskView[] {
  const calls = reply.parts.filter((part) => part.kind === 'tool')
  return reply.asks
    .filter(({ state }) => state === 'open')
    .map((ask) => ({ ask, call: calls.find(({ callId }) => callId === ask.callId) ?? null }))
}

/** What the agent does at the moment, as far as its reply shows. */
function activityOf(reply: Reply | null): string {
  if (reply === null) return 'Starting'
  const last = reply.parts.findLast((part) => part.kind === 'tool' || isBeingWritten(part))
  if (last?.kind === 'text') return 'Writing'
  const isAtWork = last?.kind === 'tool' && (last.status === 'pending' || last.status === 'running')
  return isAtWork ? `Working: ${toolName(last.tool)}` : 'Thinking'
}
