import type { Change, Reply } from '@turnstead/reply'
import { describeTool } from '@turnstead/reply/tool-display'
import {
  html,
  trustedHtml,
  turboStream,
  type Html,
  type TurboRenderer,
} from '@turnstead/reply/turbo'
import { createReplyView } from '../views/reply.js'
import {
  asksElementId,
  partsElementId,
  standingElementId,
  standingLine,
  type Standing,
} from '../views/turn.js'

/** Changes of the page are gathered this long: quick enough to look live, slow enough to stay calm. */
const gatherMs = 40

/** A turn that waits or runs in this process, as the open pages see it. */
export interface LiveTurn {
  /** Follows this reply; a turn whose session had to be created again gets a second one. */
  follow(reply: Reply): void
  /** Says what is wrong until the agent's next sign of life; null takes it back. */
  say(trouble: string | null): void
  /** A person wants it to end. */
  sayStopping(): void
  /** What a page that comes now shows; all other pages are brought to the same point first. */
  view(): { readonly parts: Html; readonly asks: Html; readonly standing: Standing }
  /** Shows every part as it ended. No change comes after this. */
  finish(): void
}

/** The turns that wait or run in this process. */
export interface LiveTurns {
  /** The turn, if it waits or runs here. */
  live(turnId: number): LiveTurn | null
}

export interface LiveTurnOptions {
  readonly turnId: number
  /** Folders of this machine whose paths no page shall see. */
  readonly roots: readonly string[]
  /** Shows changes on every open page of the conversation. */
  readonly publish: (changes: readonly Html[]) => void
}

const nothing = html``

export function createLiveTurn({ turnId, roots, publish }: LiveTurnOptions): LiveTurn {
  let reply: Reply | null = null
  let renderer: TurboRenderer | null = null
  let unfollow = (): void => undefined
  let trouble: string | null = null
  let isStopping = false
  let shownStanding = ''
  let timer: NodeJS.Timeout | null = null

  const flushSoon = (): void => {
    timer ??= setTimeout(flush, gatherMs)
  }

  function flush(): void {
    if (timer !== null) clearTimeout(timer)
    timer = null
    const changes = renderer === null ? [] : [trustedHtml(renderer.next())]
    const line = standingLine(standing())
    if (String(line) !== shownStanding) {
      shownStanding = String(line)
      changes.push(turboStream('update', standingElementId(turnId), line))
    }
    publish(changes.filter((change) => String(change) !== ''))
  }

  const isAsking = (): boolean => reply?.asks.some(({ state }) => state === 'open') ?? false

  function hear(change: Change): void {
    if (change.type === 'retried') trouble = 'The model’s provider failed. OpenCode tries again'
    else if ('part' in change || change.type === 'text-delta') trouble = null
    flushSoon()
  }

  function standing(): Standing {
    if (isStopping) return { kind: 'live', tone: 'calm', text: 'Stopping' }
    if (trouble !== null) return { kind: 'live', tone: 'warn', text: trouble }
    if (isAsking()) return { kind: 'live', tone: 'warn', text: 'Waiting for your answer' }
    return { kind: 'live', tone: 'calm', text: activityOf(reply) }
  }

  return {
    follow(next) {
      unfollow()
      reply = next
      renderer = createReplyView(next, { turnId, roots })
      // The pages may show another reply of this turn.
      const { parts, asks } = renderer.pieces()
      publish([
        turboStream('update', partsElementId(turnId), parts),
        turboStream('update', asksElementId(turnId), asks),
      ])
      unfollow = next.observe({ changed: hear })
      flushSoon()
    },
    say(text) {
      trouble = text
      flushSoon()
    },
    sayStopping() {
      isStopping = true
      publish([turboStream('update', asksElementId(turnId), nothing)])
      flushSoon()
    },
    view() {
      flush()
      const { parts, asks } = renderer?.pieces() ?? { parts: nothing, asks: nothing }
      return { parts, asks: isStopping ? nothing : asks, standing: standing() }
    },
    finish() {
      flush()
      unfollow()
      if (timer !== null) clearTimeout(timer)
    },
  }
}

/** What the agent does at the moment, as far as its reply shows. */
function activityOf(reply: Reply | null): string {
  if (reply === null) return 'Starting'
  const last = reply.parts.findLast(
    (part) => part.kind === 'tool' || ('final' in part && !part.final && !part.lost),
  )
  if (last?.kind === 'text') return 'Writing'
  const isAtWork = last?.kind === 'tool' && (last.status === 'pending' || last.status === 'running')
  return isAtWork ? `Working: ${describeTool(last).noun}` : 'Thinking'
}
